#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "database/database.h"
#include "record/good.h"
#include "record/record.h"

namespace grange {

/// How much of a message and of the end of a log is kept: what people read, not the log itself.
inline constexpr std::size_t kKeptMessage = std::size_t{64} << 10;

inline std::string_view kept_beginning(std::string_view text) {
  return text.substr(0, kKeptMessage);
}
inline std::string_view kept_end(std::string_view text) {
  return text.size() > kKeptMessage ? text.substr(text.size() - kKeptMessage) : text;
}

/// The tables of attempts and what follows from them (rule 4 of the rules of identity).
class AttemptTables {
 public:
  AttemptTables(Database& database, GoodTables& good);

  /// One durable transaction.
  void add(const std::vector<AttemptRecord>& attempts);
  /// The same within the caller's transaction.
  void add_in_transaction(const std::vector<AttemptRecord>& attempts);
  std::vector<std::optional<AttemptRecord>> lasting_failures(std::span<const FailureQuery> queries,
                                                             const std::string& policy);
  std::vector<Outcome> outcomes(std::span<const OutputSetId> output_sets);
  std::vector<std::optional<double>> expected_durations(std::span<const DurationQuery> queries);
  /// Throws CorruptError when there is none, or it is malformed.
  AttemptRecord read_attempt(std::int64_t id, const OutputSetId& output_set,
                             const std::string& policy);

 private:
  void add_one(const AttemptRecord& attempt);
  std::int64_t id_of_policy(const std::string& policy);
  void note_failure(const AttemptRecord& attempt, std::int64_t output_set, std::int64_t policy,
                    std::int64_t attempt_id);
  void note_outcome(const AttemptRecord& attempt, std::int64_t output_set);
  void note_comparisons(const AttemptRecord& attempt, std::int64_t attempt_id);
  void note_duration(const AttemptRecord& attempt, std::optional<std::int64_t> output_set);
  std::int64_t add_output_set(const OutputSetId& output_set);
  std::optional<std::int64_t> find_output_set(const OutputSetId& output_set);
  std::optional<std::int64_t> find_policy(const std::string& policy);
  // Of many, in few journeys to a server: attempts_at_once.cc.
  std::vector<std::optional<AttemptRecord>> failures_at_once(std::span<const FailureQuery> queries,
                                                             const std::string& policy,
                                                             std::int64_t policy_id);
  void add_good_at_once(std::span<const AttemptRecord> attempts);
  std::vector<Outcome> outcomes_at_once(std::span<const OutputSetId> output_sets);
  std::vector<std::optional<double>> durations_at_once(std::span<const DurationQuery> queries);

  /// Whose failure an attempt is: of its recipe where another recipe may work, of any otherwise.
  static std::string failing_recipe(bool fixed_output, const StorePath& recipe) {
    return fixed_output ? recipe.base_name() : std::string();
  }
  static std::optional<double> median(std::vector<double> seconds);
  /// The median of what `find` gives for `key`.
  template <typename Key>
  static std::optional<double> median_of(Statement& find, const Key& key);

  Database& database_;
  GoodTables& good_;
  Statement find_output_set_;
  Statement find_failure_;
  Statement find_outcome_;
  Statement find_seconds_;
  Statement find_package_seconds_;
};

}  // namespace grange
