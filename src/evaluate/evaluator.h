#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "derivation/store_path.h"

namespace grange {

/// What to evaluate: a file or an expression, attributes below it, and arguments.
struct Selection {
  std::optional<std::filesystem::path> file;  ///< default: ./default.nix (or release.nix beside it)
  std::optional<std::string> expression;
  std::vector<std::string> attributes;  ///< dotted attribute paths; empty: everything
  std::vector<std::pair<std::string, std::string>> arguments;         ///< --arg: Nix expressions
  std::vector<std::pair<std::string, std::string>> string_arguments;  ///< --argstr

  /// One canonical text; equal for equal selections (files by absolute path). The record keeps runs
  /// by it.
  std::string canonical() const;
};

struct EvaluateOptions {
  unsigned workers = 2;
  std::uint64_t max_memory = std::uint64_t{4} << 30;  ///< bytes, per worker
  Seconds attribute_timeout{600};
  std::filesystem::path eval_store_root;  ///< laid out as `nix --store ROOT` does; created
  std::vector<std::string> nix_options;   ///< further "--option NAME VALUE" words
  std::string nix_program = "nix-instantiate";
};

/// One evaluated derivation.
struct EvaluatedTarget {
  std::string label;
  std::vector<std::string> attr_path;
  StorePath derivation;
  std::string name;
  std::string system;
  std::vector<std::pair<std::string, std::optional<StorePath>>> outputs;
  std::string meta_json;  ///< a JSON object: description, license, maintainers, timeout, …
  std::vector<std::string> constituents;  ///< of an aggregate: labels or derivation paths
};
struct EvaluationError {
  std::string label;
  std::vector<std::string> attr_path;
  std::string error;  ///< without colours; what nix said, or what became of its process
};

/// Where targets go as they are found. Called from one thread at a time.
class TargetSink {
 public:
  virtual ~TargetSink() = default;
  virtual void target(EvaluatedTarget target) = 0;
  virtual void error(EvaluationError error) = 0;
};

/// How an evaluation ended. Only `complete` says that every label was seen.
struct EvaluationSummary {
  bool complete = false;
  std::uint64_t targets = 0;
  std::uint64_t errors = 0;
  std::string problem;  ///< when not complete: what stopped it
};

/// The seam for evaluators.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Streams targets; returns when done. Throws CancelledError when stopped, InvalidError when the
  /// selection itself cannot be evaluated at all (syntax error at the top), NotFoundError when
  /// there is no evaluator program.
  virtual EvaluationSummary evaluate(const Selection& selection, const EvaluateOptions& options,
                                     TargetSink& sink, std::stop_token stop) = 0;
};

/// The driver over plain nix (nix-instantiate), or nix-eval-jobs where it is installed.
std::unique_ptr<Evaluator> make_nix_evaluator(const Clock& clock);

}  // namespace grange
