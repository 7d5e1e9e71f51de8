#pragma once

#include <map>
#include <optional>
#include <string>

#include "derivation/path_info.h"
#include "derivation/store_path.h"
#include "evaluate/fetch_space.h"
#include "store/local_store.h"

namespace grange {

/// A tree that was put into the store, and what was known of it then.
struct KnownTree {
  StorePath path;
  std::map<std::string, std::string> facts;
};

/// Which store path something that was fetched before came to: a small file for each, below the
/// fetch space. What a collection took from the store is not known any more. Thread safe.
class KnownTrees {
 public:
  /// Both outlive it. What it finds and adds is kept by the store's temporary roots.
  KnownTrees(const FetchSpace& space, LocalStore& store) : space_(space), store_(store) {}

  /// `key`: any text.
  std::optional<KnownTree> find(const std::string& key) const;
  /// Adds a tree as the content-addressed path `source`, and remembers it.
  KnownTree add(const std::string& key, const std::filesystem::path& tree,
                std::map<std::string, std::string> facts) const;
  /// Remembers other facts of one that is there.
  void remember(const std::string& key, const KnownTree& tree) const;

 private:
  std::filesystem::path file_of(const std::string& key) const;

  const FetchSpace& space_;
  LocalStore& store_;
};

}  // namespace grange
