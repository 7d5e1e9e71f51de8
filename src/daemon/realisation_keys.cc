#include "daemon/realisation_keys.h"

#include <vector>

#include "base/error.h"

namespace grange {

DerivationGraph load_closures(LocalStore& store, const std::set<StorePath>& derivations) {
  const auto valid = store.valid_among(derivations);
  const std::vector<StorePath> roots(valid.begin(), valid.end());
  auto graph = DerivationGraph::load(store.store_dir(), roots,
                                     directory_reader(store.location().real_store), {.threads = 1});
  for (const auto& root : roots) {
    const auto index = graph.find(root).value();
    if (graph.state(index) == DerivationGraph::State::verified) continue;
    const auto broken = graph.broken_input(index).value_or(index);
    throw InvalidError("derivation '" + store.store_dir().print(root) + "' cannot be used: '" +
                       store.store_dir().print(graph.path(broken)) +
                       "': " + std::string(graph.problem(broken)));
  }
  return graph;
}

DerivationGraph load_closure(LocalStore& store, const StorePath& derivation) {
  auto graph = load_closures(store, {derivation});
  if (!graph.find(derivation)) {
    throw InvalidError("path '" + store.store_dir().print(derivation) + "' is not valid");
  }
  return graph;
}

DrvOutput id_of(LocalStore& store, const OutputOfDerivation& output) {
  const auto graph = load_closure(store, output.derivation);
  const auto hash = graph.drv_output_hash(graph.find(output.derivation).value());
  if (!hash) {
    throw InvalidError("outputs of derivation '" + store.store_dir().print(output.derivation) +
                       "' have no realisations");
  }
  return {*hash, output.output};
}

Realisation as_realisation(LocalStore& store, const NewRealisation& realisation) {
  return {id_of(store, realisation.key), realisation.value.path, realisation.value.signatures, {}};
}

}  // namespace grange
