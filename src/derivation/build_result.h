#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "derivation/build_products.h"
#include "derivation/output_set.h"
#include "derivation/realisation.h"
#include "derivation/store_path.h"

namespace grange {

/// What became of one attempt (and, told of a target, of its build).
enum class Outcome : std::uint8_t {
  good,
  failed,              ///< the builder failed
  dependency_failed,   ///< something it needs failed; derived from the present graph, never stored
  failed_with_output,  ///< built, but marks itself failed (nix-support/failed)
  timed_out,           ///< `timeout` or `max-silent` passed
  log_limit_exceeded,
  output_rejected,  ///< built, but the outputs are not what was promised
  hash_mismatch,    ///< a fixed output has another hash than specified
  /// Made again it was not the same: a finding about the derivation, of a check or a repetition.
  not_deterministic,
  unsupported,  ///< no machine here can make it (system, features)
  aborted,      ///< cancelled, or the machine failed: says nothing about the derivation
  unknown,      ///< nobody has tried yet
  cancelled,    ///< of a build: somebody ended it
};
std::string_view to_string(Outcome outcome) noexcept;  ///< "good", "dependency failed", …
std::optional<Outcome> parse_outcome(std::string_view text) noexcept;
/// Does it say something about the derivation, so that trying again without a reason is futile?
bool is_lasting_failure(Outcome outcome) noexcept;

/// One output that was made twice: the SHA-256 of its NAR each time.
struct OutputComparison {
  Hash first;  ///< of the valid one, where an attempt checks; of the first round, where it repeats
  Hash again;  ///< of the one made to compare it with; the first other one, if there was any
  std::string kept{};  ///< where that one is, if it was kept (`keep_failed`)
  bool equal() const noexcept { return first == again; }
};

/// What a derivation became when its inputs were replaced by what they were realised as.
struct ResolvedAs {
  StorePath derivation;
  std::optional<OutputSetId> output_set;  ///< nothing for impure ones
};

/// The value that one attempt to build gives; a failure is a value, not an error.
struct BuildResult {
  Outcome outcome = Outcome::unknown;
  std::string message;   ///< what was wrong, in full; empty when good
  std::string log_tail;  ///< the last lines of the log of a failed attempt
  /// By output name; set when good, and when failed with output.
  std::map<std::string, StorePath> outputs;
  BuildReport report;  ///< what those outputs say about the build
  /// By output name, under the id of what was made (resolved where it had to be). Empty for impure
  /// ones, and where the store keeps none.
  std::map<std::string, Realisation> realisations{};
  /// Realisations of this attempt that lost against earlier ones; `outputs` has the winners.
  std::vector<RealisationConflict> conflicts{};
  std::optional<ResolvedAs> resolved_as{};  ///< where it had to be resolved
  TimePoint start{};
  TimePoint stop{};
  bool already_valid = false;  ///< another process made it while we waited
  bool check = false;          ///< only compared with what is valid, which stays as it is
  /// By output name: what was compared, by a check or by repeating.
  std::map<std::string, OutputComparison> compared;

  bool good() const noexcept { return outcome == Outcome::good; }
  double seconds() const { return Seconds(stop - start).count(); }
};

}  // namespace grange
