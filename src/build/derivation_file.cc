#include "build/derivation_file.h"

#include <string>

#include "base/error.h"
#include "derivation/aterm.h"

namespace grange {

Derivation read_derivation_file(const StoreDir& store_dir, const StorePath& path,
                                const DerivationReader& reader) {
  std::string text;
  if (!reader(path, text)) {
    throw NotFoundError("derivation '" + store_dir.print(path) + "' is no longer there");
  }
  auto read = parse_aterm(store_dir, path.derivation_name(), text);
  const StorePath own_path = derivation_path(store_dir, read, text);
  if (own_path != path) {
    throw InvalidError("the name of derivation '" + store_dir.print(path) +
                       "' does not match its content: specified '" + path.base_name() + "', got '" +
                       own_path.base_name() + "'");
  }
  return read;
}

Derivation read_derivation_file(const DerivationGraph& graph, DerivationIndex derivation,
                                const DerivationReader& reader) {
  return read_derivation_file(graph.store_dir(), graph.path(derivation), reader);
}

}  // namespace grange
