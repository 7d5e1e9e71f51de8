#include "store/local_store.h"

namespace grange {

StoreLocation StoreLocation::at_root(const std::filesystem::path& root, const StoreDir& store_dir) {
  const std::filesystem::path absolute =
      root.empty() ? "/" : std::filesystem::absolute(root).lexically_normal();
  StoreLocation location;
  location.store_dir = store_dir;
  location.real_store = absolute / std::filesystem::path(store_dir.str()).relative_path();
  location.state = absolute / "nix/var/nix";
  location.logs = absolute / "nix/var/log/nix";
  return location;
}

std::filesystem::path StoreLocation::own_state() const {
  return state.parent_path() / "grange";
}

}  // namespace grange
