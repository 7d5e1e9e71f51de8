#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "derivation/build_result.h"

namespace grange {

/// How long a failure that lasts (is_lasting_failure) is believed before it is tried again, by its
/// class. What does not last has no class: it is tried again as soon as somebody asks.
class FailureLifetimes {
 public:
  /// What the farm believes where nobody says otherwise: that a builder fails, or makes what was
  /// not promised, for 30 days; that it takes too long or writes too much for a day, because
  /// machines are busy at times; that a download has another hash for six hours, because servers
  /// are mended.
  FailureLifetimes();

  /// `outcome` is the class as it is told: "failed", "timed out", … 0: never believed. Throws
  /// InvalidError for what is no lasting failure, and for less than 0 or more than 100 years.
  void set(std::string_view outcome, Seconds lifetime);
  /// For ever.
  void set_for_ever(std::string_view outcome);

  /// How long one that ended then is believed; nothing: for ever.
  std::optional<TimePoint> believed_until(Outcome outcome, TimePoint ended) const;
  /// Is a failure that ended then still believed? Of a dependency that failed: might it be?
  bool is_believed(Outcome outcome, TimePoint ended, TimePoint now) const;

 private:
  std::map<Outcome, std::optional<Seconds>> by_class_;  ///< nothing: for ever
};

}  // namespace grange
