#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "derivation/derivation_graph.h"

namespace grange {

/// Where .drv files lie beside each other as DIGEST-NAME.drv: a directory of them, or a store.
/// Thread safe.
class DerivationDirectory {
 public:
  /// Throws NotFoundError or SystemError when it cannot be opened.
  explicit DerivationDirectory(const std::filesystem::path& path);

  /// Reads by base name; usable after this object is gone.
  DerivationReader reader() const;

  /// The content of one file; nothing when there is none.
  std::optional<std::string> read(const std::string& file_name) const;

  /// The names of all its files that end in ".drv", sorted.
  std::vector<std::string> file_names() const;

  /// The store directory that these files themselves name: what the first few that name one agree
  /// on most; /nix/store when none names any.
  StoreDir detect_store_dir(const std::vector<std::string>& file_names) const;

 private:
  struct Handle;
  std::shared_ptr<const Handle> handle_;
};

/// A .drv that is larger is refused: the largest real ones have some 100 kB.
inline constexpr std::uint64_t kMaxDerivationSize = std::uint64_t{64} << 20;

}  // namespace grange
