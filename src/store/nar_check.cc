#include "store/nar_check.h"

#include <string>

#include "base/error.h"

namespace grange {

void check_nar(const StoreDir& store, const PathInfo& info, const Hash& hash, std::uint64_t size) {
  const auto shown = store.print(info.path);
  if (hash != info.nar_hash) {
    throw CorruptError("the NAR of '" + shown + "' has the wrong hash: specified " +
                       info.nar_hash.to_string(HashFormat::nix32) + ", got " +
                       hash.to_string(HashFormat::nix32));
  }
  if (size != info.nar_size) {
    throw CorruptError("the NAR of '" + shown + "' has the wrong size: specified " +
                       std::to_string(info.nar_size) + ", got " + std::to_string(size));
  }
}

}  // namespace grange
