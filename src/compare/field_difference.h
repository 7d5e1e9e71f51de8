#pragma once

#include <optional>
#include <string>

namespace grange {

/// One field in which a recipe differs from its counterpart.
struct FieldDifference {
  /// "name", "system", "builder", "args", "env.NAME", "inputs", "sources", "outputs" (their names
  /// and what is promised of them); "recipe" where a side's text cannot be read; of Guix's recipes
  /// "recipe source" where their code differs.
  std::string field;
  std::optional<std::string> base;  ///< as it stands there; nothing: only the head has it
  std::optional<std::string> head;
  friend bool operator==(const FieldDifference&, const FieldDifference&) = default;
};

}  // namespace grange
