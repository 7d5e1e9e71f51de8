#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/database.h"
#include "derivation/build_result.h"

namespace grange {

/// The making of one output set, once, whoever asked for it.
struct StepRow {
  std::int64_t id = 0;
  std::optional<OutputSetId> output_set;  ///< nothing for impure ones
  std::string derivation;                 ///< file name of the recipe
  std::int64_t build = 0;                 ///< the first of those that it was made for; 0: none
  std::int64_t machine = 0;               ///< 0: this one
  std::string system;
  std::string how;                 ///< made, substituted, cut off
  std::optional<Outcome> outcome;  ///< nothing: it runs
  TimePoint started{};
  std::optional<TimePoint> stopped;
  std::string message;
};

/// Machine time that a step took for one jobset.
struct MachineTime {
  std::int64_t step = 0;
  std::int64_t jobset = 0;
  TimePoint started{};
  TimePoint stopped{};
  double core_seconds = 0;
};

struct StepQuery {
  std::optional<std::int64_t> build;
  std::optional<std::int64_t> machine;
  std::optional<OutputSetId> output_set;
  std::optional<bool> running;
  std::optional<Outcome> outcome;
  std::optional<std::string> system;
  std::optional<std::int64_t> before;  ///< only smaller ids
  std::optional<std::int64_t> from;    ///< only ids from here on
  std::size_t limit = 100;
};

/// The tables of steps and of machine time. Calls that write belong into the caller's transaction.
class Steps {
 public:
  explicit Steps(Database& database) : database_(database) {}

  /// Ids are the caller's (allocate_ids of "steps").
  void add(std::span<const StepRow> steps);
  void finish(const StepRow& step);
  /// At the start: what ran when the server died was aborted.
  void abort_running(TimePoint now, const std::string& message);
  std::optional<StepRow> find(std::int64_t id);
  /// The newest first.
  std::vector<StepRow> list(const StepQuery& query);
  /// How the last ones on a machine ended, at most so many.
  std::map<std::string, std::int64_t> outcomes_on(std::int64_t machine, std::size_t last);
  std::int64_t last_id();

  void add_machine_time(std::span<const MachineTime> times);
  /// All that ended after `since`.
  std::vector<MachineTime> machine_time(TimePoint since);
  /// Core seconds of those, by jobset.
  std::map<std::int64_t, double> core_seconds(TimePoint since);

 private:
  Database& database_;
};

/// What happened, for who follows the farm.
struct EventRow {
  std::int64_t id = 0;
  TimePoint time{};
  std::string kind;  ///< "build-finished", "evaluation-started", …
  std::int64_t jobset = 0;
  std::int64_t evaluation = 0;
  std::int64_t build = 0;
  std::string data;  ///< a JSON object
};

/// The table of events, of which the last ones are kept.
class Events {
 public:
  static constexpr std::int64_t kKept = 100'000;

  explicit Events(Database& database) : database_(database) {}

  /// Sets their ids.
  void add(std::span<EventRow> events);
  /// Those with greater ids, in order.
  std::vector<EventRow> after(std::int64_t id, std::size_t limit);
  std::int64_t last_id();
  void prune();

 private:
  Database& database_;
};

}  // namespace grange
