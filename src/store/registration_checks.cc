#include "store/registration_checks.h"

#include <string>

#include "base/error.h"
#include "derivation/content_address.h"
#include "derivation/derivation_graph.h"
#include "store/local_store.h"

namespace grange {

void check_content_address_claim(const StoreDir& store, const PathInfo& info) {
  if (!info.content_address) return;
  References references{info.references, false};
  references.self = references.others.erase(info.path) > 0;
  const StorePath computed = with_context(
      [&] { return "while checking the content address of '" + store.print(info.path) + "'"; },
      [&] {
        return make_content_addressed_path(store, info.path.name(), *info.content_address,
                                           references);
      });
  if (computed != info.path) {
    throw InvalidError("path '" + store.print(info.path) + "' is not what its content address '" +
                       info.content_address->to_string() + "' leads to: '" + store.print(computed) +
                       "'");
  }
}

DerivationOutputPaths check_derivations(const StoreDir& store,
                                        const std::filesystem::path& real_store,
                                        const std::vector<PathInfo>& infos) {
  std::vector<StorePath> roots;
  for (const PathInfo& info : infos) {
    if (info.path.is_derivation()) roots.push_back(info.path);
  }
  DerivationOutputPaths known;
  if (roots.empty()) return known;
  GraphOptions options;
  options.check_own_paths = true;
  const auto graph = DerivationGraph::load(store, roots, directory_reader(real_store), options);
  for (const StorePath& root : roots) {
    const auto index = graph.find(root);
    if (!index || graph.state(*index) != DerivationGraph::State::verified) {
      const std::string problem =
          index ? std::string(graph.problem(*index)) : std::string("there is no such file");
      throw InvalidError("derivation '" + store.print(root) + "' cannot be registered: " +
                         (problem.empty() ? "an input of it is missing or broken" : problem));
    }
    auto& outputs = known[root];
    for (const std::string& name : graph.output_names(*index)) {
      if (auto path = graph.output_path(*index, name)) outputs.emplace(name, std::move(*path));
    }
  }
  return known;
}

}  // namespace grange
