#include "derivation/build_result.h"

#include <algorithm>
#include <array>

namespace grange {
namespace {

constexpr std::array<std::string_view, 13> kOutcomeNames = {"good",
                                                            "failed",
                                                            "dependency failed",
                                                            "failed with output",
                                                            "timed out",
                                                            "log limit exceeded",
                                                            "output rejected",
                                                            "hash mismatch",
                                                            "not deterministic",
                                                            "unsupported",
                                                            "aborted",
                                                            "unknown",
                                                            "cancelled"};

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

std::optional<Outcome> parse_outcome(std::string_view text) noexcept {
  const auto found = std::find(kOutcomeNames.begin(), kOutcomeNames.end(), text);
  if (found == kOutcomeNames.end()) return std::nullopt;
  return static_cast<Outcome>(found - kOutcomeNames.begin());
}

bool is_lasting_failure(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::failed:
    case Outcome::failed_with_output:
    case Outcome::timed_out:
    case Outcome::log_limit_exceeded:
    case Outcome::output_rejected:
    case Outcome::hash_mismatch:
      return true;
    case Outcome::good:
    case Outcome::dependency_failed:  // says something about another derivation
    case Outcome::not_deterministic:  // the next time it may be made without comparing
    case Outcome::unsupported:        // says something about the machines at hand
    case Outcome::aborted:
    case Outcome::unknown:
    case Outcome::cancelled:
      return false;
  }
  return false;
}

}  // namespace grange
