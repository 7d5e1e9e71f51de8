#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "derivation/build_result.h"
#include "wire/wire_realisation.h"

namespace grange {

/// How a build ended, in Nix's own numbers (nix-store.md §8.3).
enum class WireBuildStatus : std::uint8_t {
  built = 0,
  substituted = 1,
  already_valid = 2,
  permanent_failure = 3,
  input_rejected = 4,
  output_rejected = 5,
  transient_failure = 6,
  cached_failure = 7,
  timed_out = 8,
  misc_failure = 9,
  dependency_failed = 10,
  log_limit_exceeded = 11,
  not_deterministic = 12,
  resolves_to_already_valid = 13,
  no_substituters = 14,
};
bool is_success(WireBuildStatus status) noexcept;

/// What a status means to us. A hash mismatch travels as `output_rejected` and is told as that.
Outcome outcome_of(WireBuildStatus status) noexcept;
/// What we say of an outcome; a good one was built.
WireBuildStatus status_of(Outcome outcome) noexcept;

/// The result of one build as it travels in both protocols. What the version has no word of is
/// neither written nor read: times before 1.29 and 2.3, outputs before 1.28 and 2.6, times of the
/// processor before 1.37.
struct WireBuildResult {
  WireBuildStatus status = WireBuildStatus::misc_failure;
  std::string error;  ///< empty for a success
  std::uint64_t times_built = 0;
  bool not_deterministic = false;
  std::int64_t start = 0;  ///< seconds since 1970
  std::int64_t stop = 0;
  std::optional<std::int64_t> cpu_user{};           ///< microseconds
  std::optional<std::int64_t> cpu_system{};         ///< microseconds
  std::map<DrvOutput, Realisation> realisations{};  ///< the older form
  std::map<std::string, RealisedOutput> outputs{};  ///< the newer form, by output name

  static WireBuildResult read(WireReader& in);
  void write(WireWriter& out) const;
  friend bool operator==(const WireBuildResult&, const WireBuildResult&) = default;
};

}  // namespace grange
