#include "command/selection_options.h"

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/parallel.h"
#include "command/state_directory.h"

namespace grange {
namespace {

std::filesystem::path existing_file(const std::string& given) {
  const auto path = std::filesystem::absolute(given).lexically_normal();
  if (!std::filesystem::exists(path)) {
    throw NotFoundError("file '" + path.string() + "' does not exist");
  }
  return path;
}

}  // namespace

void add_selection_options(CLI::App& command, SelectionOptions& options) {
  auto* file = command
                   .add_option("-f,--file", options.file,
                               "File or directory to evaluate (default: ./default.nix)")
                   ->type_name("FILE");
  command.add_option("-E,--expr", options.expression, "Expression to evaluate instead of a file")
      ->type_name("EXPR")
      ->excludes(file);
  command
      .add_option("-A,--attr", options.attributes,
                  "Attribute path to evaluate (repeatable; default: everything)")
      ->type_name("ATTR")
      ->allow_extra_args(false);
  command
      .add_option("--arg", options.arguments, "Argument for functions: a name and a Nix expression")
      ->type_name("N V")
      ->allow_extra_args(false);
  command
      .add_option("--argstr", options.string_arguments,
                  "Argument for functions: a name and a string")
      ->type_name("N V")
      ->allow_extra_args(false);
  command
      .add_option("--workers", options.workers,
                  "Evaluator processes at once (default: one per processor)")
      ->type_name("N");
  command.add_option("--max-memory", options.max_memory_mib, "MiB that one evaluator may use")
      ->type_name("MiB")
      ->capture_default_str();
  command
      .add_option("--attribute-timeout", options.attribute_timeout,
                  "Seconds that one attribute may take to evaluate")
      ->type_name("S")
      ->capture_default_str();
}

Selection selection_of(const SelectionOptions& options) {
  Selection selection;
  if (!options.expression.empty()) {
    selection.expression = options.expression;
  } else if (!options.file.empty()) {
    selection.file = existing_file(options.file);
  } else if (std::filesystem::exists("default.nix")) {
    selection.file = existing_file("default.nix");
  } else {
    throw NotFoundError(
        "there is no default.nix here; name a file with -f or an expression with -E");
  }
  selection.attributes = options.attributes;
  selection.arguments = options.arguments;
  selection.string_arguments = options.string_arguments;
  return selection;
}

EvaluateOptions evaluate_options_of(const SelectionOptions& options) {
  EvaluateOptions evaluate;
  evaluate.workers = options.workers == 0 ? processor_count() : options.workers;
  evaluate.max_memory = options.max_memory_mib << 20;
  evaluate.attribute_timeout = Seconds(options.attribute_timeout);
  evaluate.eval_store_root = options.eval_store.empty()
                                 ? default_eval_store_root()
                                 : std::filesystem::absolute(options.eval_store);
  return evaluate;
}

}  // namespace grange
