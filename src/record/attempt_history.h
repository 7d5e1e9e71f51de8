#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "database/database.h"
#include "derivation/build_result.h"
#include "derivation/output_set.h"

namespace grange {

/// An attempt as it is remembered, for people.
struct AttemptRow {
  std::int64_t id = 0;
  std::optional<OutputSetId> output_set;  ///< nothing for impure ones
  std::string recipe;                     ///< file name of the derivation
  bool fixed_output = false;
  std::string policy;
  Outcome outcome = Outcome::unknown;
  TimePoint started{};
  TimePoint stopped{};
  std::string message;
  std::string log_tail;
  bool check = false;  ///< made only to compare it with what was valid
};

/// Which attempts are asked for; what is not set is not asked about.
struct AttemptQuery {
  std::optional<std::int64_t> output_set;  ///< its row
  std::optional<std::string> recipe;
  std::optional<Outcome> outcome;
  /// Only the failures that are remembered: what they are of is not tried again without a reason.
  bool failing = false;
  std::optional<std::int64_t> before;  ///< only smaller ids
  std::size_t limit = 100;
};

/// Reads the tables of attempts and failures (attempts.h writes them).
class AttemptHistory {
 public:
  explicit AttemptHistory(Database& database) : database_(database) {}

  /// The newest first.
  std::vector<AttemptRow> list(const AttemptQuery& query);
  std::optional<AttemptRow> find(std::int64_t id);

 private:
  Database& database_;
};

/// What is known of an output set as a whole.
struct OutputSetRow {
  std::int64_t id = 0;
  std::optional<Outcome> outcome;  ///< the last known one, whoever made it
};
std::optional<OutputSetRow> find_output_set_row(Database& database, const OutputSetId& set);

/// What became of those that were made, or tried, so far; one question for all.
std::map<OutputSetId, Outcome> outcomes_of(Database& database,
                                           const std::vector<OutputSetId>& sets);

/// Forgets the failures of an output set that are remembered; how many there were. Inside the
/// caller's transaction.
std::int64_t forget_failures_of(Database& database, std::int64_t output_set);

/// The jobsets (0: none) that builds or steps of an output set are of, and builds of a derivation.
/// What is not set is passed over.
std::vector<std::int64_t> jobsets_concerned(Database& database,
                                            std::optional<std::int64_t> output_set,
                                            std::optional<std::int64_t> derivation);
/// Is anything hidden, or was it when it was deleted?
bool hides_anything(Database& database);

}  // namespace grange
