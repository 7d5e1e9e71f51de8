#include "derivation/derivation_form.h"

#include "base/error.h"
#include "derivation/aterm_reader.h"

namespace grange {
namespace {

std::optional<ContentMethodAlgorithm> promise_of(const DerivationOutput& output) {
  if (const auto* floating = std::get_if<FloatingOutput>(&output)) return floating->promise;
  if (const auto* impure = std::get_if<ImpureOutput>(&output)) return impure->promise;
  return std::nullopt;
}

void check_outputs(const Derivation& derivation) {
  const DerivationOutput* first = nullptr;
  for (const auto& [name, output] : derivation.outputs) {
    check_store_path_name(name);
    if (std::holds_alternative<FixedOutput>(output) &&
        (name != "out" || derivation.outputs.size() != 1)) {
      throw InvalidError("a fixed output must be the only one and be named 'out'");
    }
    if (first == nullptr) first = &output;
    if (first->index() != output.index()) throw InvalidError("outputs of different kinds");
    if (promise_of(*first) != promise_of(output)) {
      throw InvalidError("outputs with different methods or algorithms");
    }
  }
}

void check_input(const StorePath& path, const DerivationInput& input, std::uint32_t depth) {
  const auto complain = [&](std::string_view what) {
    throw InvalidError("input '" + path.base_name() + "' " + std::string(what));
  };
  if (depth > kMaxDynamicDepth) complain("has dynamic outputs that are nested too deeply");
  if (input.outputs.empty() && input.dynamic.empty()) complain("has no output that is used");
  for (const auto& output : input.outputs) check_store_path_name(output);
  for (const auto& [output, below] : input.dynamic) {
    check_store_path_name(output);
    check_input(path, below, depth + 1);
  }
}

}  // namespace

void check_derivation_form(const Derivation& derivation) {
  with_context([&] { return "while checking derivation '" + derivation.name + "'"; },
               [&] {
                 check_store_path_name(derivation.name);
                 check_outputs(derivation);
                 for (const auto& [path, input] : derivation.inputs) {
                   if (!path.is_derivation()) {
                     throw InvalidError("input '" + path.base_name() + "' is not a derivation");
                   }
                   check_input(path, input, 0);
                 }
                 if (derivation.system.find_first_of("\"\\\n\r\t") != std::string::npos) {
                   throw InvalidError("system '" + derivation.system + "' needs escapes");
                 }
               });
}

}  // namespace grange
