#include "derivation/path_info.h"

#include "base/error.h"

namespace grange {

std::string path_fingerprint(const StoreDir& store, const PathInfo& info) {
  if (info.nar_size == 0) {
    throw InvalidError("the size of '" + store.print(info.path) +
                       "' is not known: nothing to sign");
  }
  std::string text = "1;" + store.print(info.path) + ";" +
                     info.nar_hash.to_string(HashFormat::nix32) + ";" +
                     std::to_string(info.nar_size) + ";";
  bool first = true;
  for (const auto& reference : info.references) {
    if (!first) text += ',';
    first = false;
    text += store.print(reference);
  }
  return text;
}

bool is_content_addressed(const StoreDir& store, const PathInfo& info) {
  if (!info.content_address) return false;
  References references{info.references, false};
  references.self = references.others.erase(info.path) > 0;
  try {
    return make_content_addressed_path(store, info.path.name(), *info.content_address,
                                       references) == info.path;
  } catch (const InvalidError&) {
    return false;  // references of a kind that can have none
  }
}

}  // namespace grange
