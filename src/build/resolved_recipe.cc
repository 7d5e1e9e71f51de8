#include "build/resolved_recipe.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/hash_modulo.h"

namespace grange {
namespace {

OutputSetId output_set_of(const StoreDir& store, const ResolvedRecipe& recipe) {
  std::vector<PromisedOutput> promised;
  for (const auto& [name, output] : recipe.derivation.outputs) {
    PromisedOutput one{name, recipe.derivation.kind()};
    if (const auto path = recipe.outputs.find(name); path != recipe.outputs.end()) {
      one.path = &path->second;
    }
    if (const auto* fixed = std::get_if<FixedOutput>(&output)) one.address = &fixed->address;
    one.hash_modulo = &*recipe.drv_output_hash;
    promised.push_back(one);
  }
  return compute_output_set_id(store, promised);
}

/// Such an input would have to be built before anybody knows what it is.
void refuse_dynamic_inputs(const StoreDir& store, const Derivation& derivation) {
  for (const auto& [path, input] : derivation.inputs) {
    if (input.dynamic.empty()) continue;
    throw InvalidError("it has inputs that are outputs of derivations (dynamic inputs): output '" +
                       input.dynamic.begin()->first + "' of '" + store.print(path) +
                       "' is to be a derivation itself");
  }
}

}  // namespace

ResolvedRecipe resolve_recipe(const StoreDir& store, const Derivation& derivation,
                              const OutputLookup& lookup) {
  refuse_dynamic_inputs(store, derivation);
  auto resolution = resolve(store, derivation, lookup);
  if (!resolution.resolved) {
    std::string message;
    for (const auto& [path, outputs] : resolution.unknown) {
      for (const auto& output : outputs) {
        if (!message.empty()) message += ", ";
        message += "output '" + output + "' of '" + store.print(path) + "'";
      }
    }
    throw InvalidError("it is not known where its inputs are: " + message);
  }
  auto text = print_aterm(*resolution.resolved, store);
  auto path = derivation_path(store, *resolution.resolved, text);
  ResolvedRecipe recipe{std::move(path), std::move(*resolution.resolved), std::move(text), {}};
  const auto modulo = hash_modulo(store, recipe.derivation, no_inputs);
  GRANGE_CHECK(modulo.has_value());
  recipe.outputs = output_paths(store, recipe.derivation, *modulo);
  if (recipe.derivation.kind() != DerivationKind::impure) {
    recipe.drv_output_hash = modulo->hash.masked;
    recipe.output_set = output_set_of(store, recipe);
  }
  return recipe;
}

}  // namespace grange
