#include "daemon/realisation_keys.h"

#include <array>

#include "base/error.h"

namespace grange {

DerivationGraph load_closure(LocalStore& store, const StorePath& derivation) {
  const auto shown = store.store_dir().print(derivation);
  if (!store.is_valid(derivation)) throw InvalidError("path '" + shown + "' is not valid");
  const std::array roots{derivation};
  auto graph = DerivationGraph::load(store.store_dir(), roots,
                                     directory_reader(store.location().real_store), {.threads = 1});
  const auto index = graph.find(derivation).value();
  if (graph.state(index) != DerivationGraph::State::verified) {
    const auto broken = graph.broken_input(index).value_or(index);
    throw InvalidError("derivation '" + shown + "' cannot be used: '" +
                       store.store_dir().print(graph.path(broken)) +
                       "': " + std::string(graph.problem(broken)));
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
