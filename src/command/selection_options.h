#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/evaluator.h"

namespace CLI {
class App;
}

namespace grange {

/// What every command shares that evaluates: -f, -E, -A, --arg, --argstr and the evaluator's
/// limits.
struct SelectionOptions {
  std::string file;
  std::string expression;
  std::vector<std::string> attributes;
  std::vector<std::pair<std::string, std::string>> arguments;  ///< names and Nix expressions
  std::vector<std::pair<std::string, std::string>> string_arguments;
  unsigned workers = 0;  ///< 0: as many as there are processors
  std::uint64_t max_memory_mib = 4096;
  double attribute_timeout = 600;
  std::string eval_store;  ///< root; empty: in the state directory
};

void add_selection_options(CLI::App& command, SelectionOptions& options);

/// Throws InvalidError for contradictions, NotFoundError when there is nothing to evaluate.
Selection selection_of(const SelectionOptions& options);
EvaluateOptions evaluate_options_of(const SelectionOptions& options);

}  // namespace grange
