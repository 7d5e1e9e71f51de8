#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/database.h"
#include "derivation/build_products.h"
#include "derivation/build_result.h"
#include "derivation/output_set.h"
#include "derivation/store_path.h"

namespace grange {

/// A build to be made.
struct NewBuild {
  std::int64_t jobset = 0;
  std::string label;
  std::int64_t derivation = 0;
  std::optional<std::int64_t> output_set;  ///< its row
  std::int64_t evaluation = 0;
  std::string name;  ///< of the derivation
  std::string system;
  std::int64_t facts = 0;
  int priority = 0;
  TimePoint queued{};
};

/// A build as it is remembered.
struct BuildRow {
  std::int64_t id = 0;
  std::int64_t server = 0;
  std::int64_t jobset = 0;  ///< 0: none
  std::string label;
  std::int64_t derivation = 0;  ///< 0: not known but for its name
  std::string derivation_name;  ///< the file name, "DIGEST-NAME.drv"
  std::int64_t output_set = 0;  ///< its row; 0: none
  std::int64_t evaluation = 0;
  std::string name;
  std::string system;
  std::int64_t facts = 0;
  int priority = 0;
  std::int64_t bumped = 0;
  bool keep = false;
  TimePoint queued{};
  std::optional<TimePoint> started;
  std::optional<TimePoint> stopped;
  std::optional<Outcome> outcome;  ///< nothing: not finished
  bool made = false;
  std::int64_t tries = 0;
  std::optional<TimePoint> retry_at;
  std::string message;
  std::string release_name;
  std::int64_t size = 0;
  std::int64_t closure_size = 0;

  bool finished() const { return outcome.has_value(); }
};

/// How a build ended.
struct FinishedBuild {
  std::int64_t build = 0;
  Outcome outcome = Outcome::unknown;
  bool made = false;
  TimePoint started{};
  TimePoint stopped{};
  std::string message;
  std::vector<std::string> failed_inputs;  ///< file names of derivations
  std::map<std::string, StorePath> outputs;
  std::int64_t jobset = 0;  ///< whose roots its outputs become; 0: nobody's
  BuildReport report;
  std::int64_t size = 0;
  std::int64_t closure_size = 0;
};

/// Which builds are asked for; what is not set is not asked about.
struct BuildQuery {
  std::optional<std::int64_t> jobset;
  std::optional<std::int64_t> project;
  std::optional<std::string> label;
  std::optional<std::string> system;
  std::optional<std::int64_t> evaluation;  ///< that asked for them first
  std::optional<std::int64_t> output_set;
  std::optional<std::int64_t> derivation;
  std::optional<bool> finished;
  std::optional<Outcome> outcome;
  std::optional<TimePoint> since;  ///< asked for then or later
  bool with_hidden = false;        ///< of hidden jobsets and projects too
  /// Only with smaller ids (or greater ones, where `ascending`).
  std::optional<std::int64_t> beyond;
  bool ascending = false;
  std::size_t limit = 100;
};

/// What is to be known of a build before it is taken over.
struct BuildStanding {
  std::optional<Outcome> outcome;  ///< nothing: it has not ended
  std::optional<TimePoint> stopped;
  std::int64_t facts = 0;
};

/// The tables of builds. Calls that write belong into the caller's transaction, and keep the
/// counts of jobsets and evaluations.
class Builds {
 public:
  explicit Builds(Database& database) : database_(database) {}

  /// Their ids.
  std::vector<std::int64_t> add(std::span<const NewBuild> builds);
  std::optional<BuildRow> find(std::int64_t id);
  std::vector<BuildRow> find(std::span<const std::int64_t> ids);
  /// Of those that there are.
  std::map<std::int64_t, BuildStanding> standings(std::span<const std::int64_t> ids);
  std::vector<BuildRow> list(const BuildQuery& query);
  /// All that are not finished, of this farm, oldest first.
  std::vector<BuildRow> unfinished();
  /// The same as people see a queue: what was bumped last, then by priority, then the oldest first.
  std::vector<BuildRow> queue(bool with_hidden, std::size_t limit);
  /// How many are not finished, by system and jobset (0: none).
  std::map<std::string, std::map<std::int64_t, std::int64_t>> unfinished_by_system();
  /// Those with an output whose path begins with this digest (32 digits of base 32, or the first
  /// of them), newest first, of at most 1,000 that have it.
  std::vector<BuildRow> with_output(std::string_view digest, bool with_hidden, std::size_t limit);
  /// How many ended in each of the last `count` periods before `end`, the oldest period first.
  std::vector<std::int64_t> ended_per_period(TimePoint end, std::chrono::seconds period,
                                             std::size_t count);

  /// Of what is finished already, or cancelled meanwhile, nothing is taken.
  void finish(std::span<const FinishedBuild> builds);
  void start(std::span<const std::int64_t> builds, TimePoint now);
  /// It will be tried again then.
  void postpone(std::int64_t build, TimePoint retry_at, const std::string& message);
  /// Makes finished ones unfinished; which of them were finished.
  std::vector<std::int64_t> restart(std::span<const std::int64_t> builds, TimePoint now);
  void set_bumped(std::int64_t build, std::int64_t when);
  void set_keep(std::int64_t build, bool keep);
  void set_priority(std::int64_t build, int priority);
  /// What is said of it beside its derivation has changed.
  void set_facts(std::int64_t build, std::int64_t facts);

  std::map<std::string, StorePath> outputs(std::int64_t build);
  std::map<std::int64_t, std::map<std::string, StorePath>> outputs(
      std::span<const std::int64_t> builds);
  /// For one that failed through a dependency: file names of the derivations that failed.
  std::vector<std::string> failed_inputs(std::int64_t build);
  /// Builds that failed through one of these, or are of one of these and failed.
  std::vector<std::int64_t> failed_by(std::span<const std::string> derivations);
  BuildReport report(std::int64_t build);
  /// Of many at once; those that report nothing are not there. Without release names, which
  /// BuildRow has.
  std::map<std::int64_t, BuildReport> reports(std::span<const std::int64_t> builds);
  std::vector<std::int64_t> constituents(std::int64_t build);
  void set_constituents(std::int64_t build, std::span<const std::int64_t> constituents);

 private:
  void add_to_counts(std::span<const std::int64_t> builds, int sign);

  Database& database_;
};

}  // namespace grange
