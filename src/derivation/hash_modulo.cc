#include "derivation/hash_modulo.h"

#include <vector>

#include "base/error.h"
#include "derivation/aterm.h"

namespace grange {
namespace {

std::string mismatch(const std::string& what, const std::string& specified,
                     const std::string& got) {
  return what + ": specified '" + specified + "', got '" + got + "'";
}

StorePath fixed_path(const StoreDir& store, const Derivation& derivation,
                     const FixedOutput& output) {
  return make_content_addressed_path(store, derivation.name, output.address);
}

}  // namespace

std::optional<DerivationModulo> hash_modulo(const StoreDir& store, const Derivation& derivation,
                                            const ModuloLookup& inputs) {
  const DerivationKind kind = derivation.kind();
  if (kind == DerivationKind::impure) return DerivationModulo{impure_hash_modulo(), true};
  if (kind == DerivationKind::fixed) {
    const auto& output = std::get<FixedOutput>(derivation.outputs.begin()->second);
    const ContentMethodAlgorithm promise{output.address.method, output.address.hash.algorithm()};
    return DerivationModulo{
        fixed_hash_modulo(promise.to_string(), output.address.hash.digits(HashFormat::base16),
                          store.print(fixed_path(store, derivation, output))),
        false};
  }
  if (derivation.has_dynamic_inputs()) return std::nullopt;
  DerivationModulo result{{}, kind == DerivationKind::floating};
  std::vector<const Sha256*> hashes;
  for (const auto& [path, input] : derivation.inputs) {
    const auto* modulo = inputs(path);
    if (modulo == nullptr) return std::nullopt;
    result.paths_unknown |= modulo->paths_unknown;
    hashes.push_back(&modulo->hash.unmasked);
  }
  const std::string text = print_aterm(derivation, store);
  AtermFields fields;
  read_aterm(store, text, fields);
  result.hash = ModuloHasher().hash(text, fields, hashes);
  return result;
}

std::map<std::string, StorePath> output_paths(const StoreDir& store, const Derivation& derivation,
                                              const DerivationModulo& modulo) {
  std::map<std::string, StorePath> paths;
  if (derivation.is_fixed()) {
    const auto& [name, output] = *derivation.outputs.begin();
    paths.emplace(name, fixed_path(store, derivation, std::get<FixedOutput>(output)));
  } else if (!modulo.paths_unknown) {
    for (const auto& [name, output] : derivation.outputs) {
      paths.emplace(name, make_output_path(store, modulo.hash.masked, name, derivation.name));
    }
  }
  return paths;
}

void check_derivation(const StoreDir& store, const Derivation& derivation,
                      const DerivationModulo& modulo) {
  const auto paths = output_paths(store, derivation, modulo);
  for (const auto& [name, output] : derivation.outputs) {
    const auto stated = derivation.stated_path(name);
    if (!stated) continue;
    const auto path = paths.find(name);
    if (path == paths.end()) {
      throw InvalidError("output '" + name + "' of derivation '" + derivation.name +
                         "' states a path that cannot be known before its inputs are built");
    }
    const std::string full = store.print(path->second);
    if (*stated != path->second) {
      throw InvalidError(
          mismatch("path of output '" + name + "' of derivation '" + derivation.name + "'",
                   store.print(*stated), full));
    }
    const auto variable = derivation.variable(name);
    if (variable != full) {
      throw InvalidError(
          mismatch("environment variable '" + name + "' of derivation '" + derivation.name + "'",
                   std::string(variable.value_or("")), full));
    }
  }
}

void fill_in_outputs(const StoreDir& store, Derivation& derivation, const ModuloLookup& inputs) {
  if (derivation.kind() != DerivationKind::deferred) return;
  Derivation filled = derivation;
  for (const auto& [name, output] : filled.outputs) filled.environment.try_emplace(name);
  const auto modulo = hash_modulo(store, filled, inputs);
  if (!modulo || modulo->paths_unknown) return;
  for (auto& [name, path] : output_paths(store, filled, *modulo)) {
    filled.environment[name] = store.print(path);
    filled.outputs.at(name) = InputAddressedOutput{std::move(path)};
  }
  derivation = std::move(filled);
}

}  // namespace grange
