#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "derivation/content_address.h"
#include "derivation/store_path.h"

namespace grange {

/// What a store knows of one valid store object.
struct PathInfo {
  explicit PathInfo(StorePath of, Hash nar) : path(std::move(of)), nar_hash(nar) {}

  StorePath path;
  Hash nar_hash;                   ///< SHA-256 of the NAR
  std::uint64_t nar_size = 0;      ///< bytes of the NAR
  std::set<StorePath> references;  ///< may contain `path` itself
  std::optional<StorePath> deriver;
  std::int64_t registration_time = 0;  ///< seconds since 1970; 0: when it is registered
  bool ultimate = false;               ///< built here, not copied from elsewhere
  std::vector<std::string> signatures;
  std::optional<ContentAddress> content_address;
};

/// What a signature of a path signs (nix-store.md §7.2); neither its deriver nor its content
/// address are in it. Throws InvalidError while the size is not known.
std::string path_fingerprint(const StoreDir& store, const PathInfo& info);
/// Does its content address lead to its path? Then nobody needs to vouch for it: whoever has the
/// content can check it.
bool is_content_addressed(const StoreDir& store, const PathInfo& info);

}  // namespace grange
