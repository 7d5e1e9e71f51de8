#include "evaluate/aggregate_recipe.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/content_address.h"
#include "derivation/derivation.h"
#include "derivation/derivation_graph.h"

namespace grange {
namespace {

Derivation read_recipe(const StoreDir& store, const DerivationReader& reader,
                       const StorePath& path) {
  std::string text;
  if (!reader(path, text)) {
    throw NotFoundError("derivation '" + store.print(path) + "' is not in the eval store");
  }
  return with_context([&] { return "while reading '" + store.print(path) + "'"; },
                      [&] { return parse_aterm(store, path.derivation_name(), text); });
}

/// Leaves the outputs to be found out anew.
void forget_outputs(Derivation& derivation) {
  for (auto& [name, output] : derivation.outputs) {
    output = DeferredOutput{};
    derivation.environment[name] = "";
  }
}

/// Can the paths of its outputs be known: are those of all that it uses?
bool are_inputs_known(const DerivationGraph& graph, DerivationIndex index) {
  const auto inputs = graph.inputs(index);
  return std::all_of(inputs.begin(), inputs.end(), [&](const DerivationGraph::Edge& edge) {
    const auto names = graph.input_outputs(edge);
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return graph.output_path(edge.input, name).has_value();
    });
  });
}

/// As on instantiation (nix-store.md §3.3).
void find_outputs(const StoreDir& store, const DerivationReader& reader, Derivation& derivation) {
  forget_outputs(derivation);
  const auto path = derivation_path(store, derivation);
  const auto text = print_aterm(derivation, store);
  const std::vector<StorePath> roots{path};
  const auto graph =
      DerivationGraph::load(store, roots, [&](const StorePath& asked, std::string& into) {
        if (asked != path) return reader(asked, into);
        into = text;
        return true;
      });
  const auto index = graph.find(path).value();
  const auto hash = graph.drv_output_hash(index);
  if (graph.state(index) != DerivationGraph::State::verified || !hash) {
    throw InvalidError("what aggregate '" + derivation.name + "' is made of is broken" +
                       (graph.problem(index).empty() ? "" : ": ") +
                       std::string(graph.problem(index)));
  }
  if (!are_inputs_known(graph, index)) return;
  for (auto& [name, output] : derivation.outputs) {
    auto found = make_output_path(store, *hash, name, derivation.name);
    derivation.environment[name] = store.print(found);
    output = InputAddressedOutput{std::move(found)};
  }
}

}  // namespace

AggregateRecipe::AggregateRecipe(const std::filesystem::path& eval_store_root)
    : location_(StoreLocation::at_root(std::filesystem::absolute(eval_store_root))),
      reader_(directory_reader(location_.real_store)) {}

AggregateRecipe::~AggregateRecipe() = default;

StorePath AggregateRecipe::with_inputs(const StorePath& aggregate,
                                       const std::vector<StorePath>& constituents) {
  const auto& store = location_.store_dir;
  auto derivation = read_recipe(store, reader_, aggregate);
  bool differs = false;
  for (const auto& constituent : constituents) {
    const auto member = read_recipe(store, reader_, constituent);
    auto& used = derivation.inputs[constituent].outputs;
    differs |= used.insert(member.outputs.begin()->first).second;
  }
  if (!differs) return aggregate;
  const auto kind = derivation.kind();
  if (kind == DerivationKind::input_addressed || kind == DerivationKind::deferred) {
    find_outputs(store, reader_, derivation);
  }
  if (!store_) store_ = LocalStore::open(location_);
  return store_->add_text(derivation.name + ".drv", print_aterm(derivation, store),
                          derivation_references(derivation));
}

}  // namespace grange
