#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "derivation/store_path.h"
#include "process/confinement.h"

namespace grange {

/// What to evaluate: a file or an expression, attributes below it, and arguments.
struct Selection {
  std::optional<std::filesystem::path> file;  ///< default: ./default.nix (or release.nix beside it)
  std::optional<std::string> expression;
  std::vector<std::string> attributes;  ///< dotted attribute paths; empty: everything
  std::vector<std::pair<std::string, std::string>> arguments;         ///< --arg: Nix expressions
  std::vector<std::pair<std::string, std::string>> string_arguments;  ///< --argstr
  /// -I: what <NAME> means, before what NIX_PATH says. In a restricted evaluation also all that can
  /// be read; then without symlinks in the names of directories.
  std::vector<std::pair<std::string, std::filesystem::path>> search_path;

  /// One canonical text; equal for equal selections (files by absolute path). The record keeps runs
  /// by it.
  std::string canonical() const;
};

struct EvaluateOptions {
  unsigned workers = 2;
  std::uint64_t max_memory = std::uint64_t{4} << 30;  ///< bytes, per worker
  Seconds attribute_timeout{600};
  Seconds timeout{0};                     ///< of all of it; 0: none
  std::filesystem::path eval_store_root;  ///< laid out as `nix --store ROOT` does; created
  /// Nix's fsync-metadata for the eval store: off, a power cut may cost the (re-creatable) eval
  /// store; a killed evaluator never does.
  bool fsync_metadata = true;
  std::vector<std::string> nix_options;  ///< further "--option NAME VALUE" words
  /// As Hydra evaluates jobsets without a flake: only what the selection's search path names can be
  /// read, nothing is fetched, and neither NIX_PATH nor the environment is seen.
  bool restricted = false;
  /// Lets expressions import what derivations come to (import-from-derivation).
  struct Imports {
    std::filesystem::path socket;      ///< of a Nix daemon that makes what evaluators ask for
    std::filesystem::path store_root;  ///< its store, which is used in place of the eval store
    /// Does this evaluator (0: any) wait for it now? Its time does not pass meanwhile.
    std::function<bool(pid_t evaluator)> waits = [](pid_t) { return false; };
  };
  std::optional<Imports> imports;  ///< nothing: what needs that is an error of its target
  /// How evaluators are confined; nothing: they may do what this process may. With an identity of
  /// their own they may add to the eval store, and must be able to enter its directory.
  std::optional<Confinement> confinement;
  std::string nix_program = "nix";
  /// Used instead of nix where it is installed; empty: never.
  std::string nix_eval_jobs_program = "nix-eval-jobs";
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
  /// What the expressions said on the way (traces, warnings), a line at a time. For people.
  virtual void message(std::string_view text) { static_cast<void>(text); }
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
  /// Streams targets, each label once; returns when done. Throws CancelledError when stopped,
  /// InvalidError when the selection itself cannot be evaluated at all (syntax error at the top),
  /// NotFoundError when its file or the evaluator program is not there.
  /// A selection of which nothing was seen because its evaluator died or hung is an incomplete
  /// evaluation, not an error.
  virtual EvaluationSummary evaluate(const Selection& selection, const EvaluateOptions& options,
                                     TargetSink& sink, std::stop_token stop) = 0;
};

/// The driver over plain nix (nix-instantiate), or nix-eval-jobs where it is installed.
std::unique_ptr<Evaluator> make_nix_evaluator(const Clock& clock);

}  // namespace grange
