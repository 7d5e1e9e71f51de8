#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/database.h"

namespace grange {

/// When a jobset is evaluated; the numbers are Hydra's.
enum class JobsetState : std::uint8_t {
  off = 0,
  on = 1,
  one_shot = 2,       ///< exactly once, then it is switched off by itself
  one_at_a_time = 3,  ///< not before the builds of the last evaluation have ended
};

struct JobsetInputSetting {
  std::string type;   ///< git, path, tarball, string, boolean, nix
  std::string value;  ///< as evaluate/jobset_input.h reads it
  friend bool operator==(const JobsetInputSetting&, const JobsetInputSetting&) = default;
};

/// What people say of a jobset.
struct JobsetSettings {
  std::string name;  ///< [A-Za-z_][A-Za-z0-9_.-]*
  std::string description;
  JobsetState state = JobsetState::on;
  bool hidden = false;
  std::string flake;                  ///< empty: an expression in an input
  std::string expression_input;       ///< which one
  std::string expression_path;        ///< where in it
  std::int64_t check_interval = 300;  ///< seconds; 0: never by itself
  std::int64_t shares = 100;          ///< at least 1
  std::int64_t keep = 3;  ///< of how many evaluations the results are kept from collections
  bool allow_import_from_derivation = false;
  std::map<std::string, JobsetInputSetting> inputs;
  friend bool operator==(const JobsetSettings&, const JobsetSettings&) = default;
};

/// What becomes of a jobset.
struct JobsetStatus {
  std::optional<TimePoint> last_checked;
  std::optional<TimePoint> triggered;  ///< since when an evaluation is asked for
  bool forced = false;                 ///< also where the inputs are unchanged
  std::optional<TimePoint> evaluating;
  std::string fetch_problem;  ///< of the inputs, the last time; empty: none
  std::string problem;        ///< of the last evaluation; empty: none
  std::optional<TimePoint> problem_since;
  std::int64_t queued_builds = 0;
  std::int64_t good_builds = 0;
  std::int64_t failed_builds = 0;
};

struct Jobset {
  std::int64_t id = 0;
  std::int64_t project = 0;
  std::string project_name;
  bool project_enabled = true;
  bool project_hidden = false;
  JobsetSettings settings;
  std::string declared_in;
  std::int64_t version = 0;
  JobsetStatus status;

  std::string full_name() const { return project_name + ":" + settings.name; }
  bool hidden() const { return project_hidden || settings.hidden; }
};

/// The tables of jobsets. Calls that write belong into the caller's transaction.
class Jobsets {
 public:
  explicit Jobsets(Database& database) : database_(database) {}

  /// Of all projects, by project and name.
  std::vector<Jobset> all();
  std::vector<Jobset> of_project(std::int64_t project);
  std::optional<Jobset> find(std::int64_t id);
  std::optional<Jobset> find(std::int64_t project, std::string_view name);
  /// Is it, or was it when it was deleted, hidden?
  bool is_hidden(std::int64_t id);
  std::optional<std::string> renamed(std::int64_t project, std::string_view old_name);

  std::int64_t create(std::int64_t project, const JobsetSettings& settings,
                      const std::string& declared_in);
  /// Replaces all settings and inputs. Another name leaves a redirect. Throws ConflictError when
  /// another jobset of the project has it.
  void update(const Jobset& jobset, const JobsetSettings& settings, const std::string& declared_in);
  void remove(const Jobset& jobset, TimePoint now);
  /// A digest of what a file last declared it as; empty: nothing. Unlike the settings it stays when
  /// a one-shot jobset switches itself off.
  std::string declaration(std::int64_t jobset);
  void set_declaration(std::int64_t jobset, const std::string& digest);

  /// Asks for an evaluation. Asked again before it begins, it is the same one.
  void trigger(std::int64_t jobset, TimePoint now, bool forced);
  /// What was asked for begins; who asks from now on asks for the next one.
  void begin_evaluating(std::int64_t jobset, TimePoint now);
  /// What began with `jobset` as it was then has ended; the problems are empty where there was
  /// none. One-shot jobsets are switched off, unless somebody has changed them since.
  void end_evaluating(const Jobset& jobset, TimePoint now, const std::string& fetch_problem,
                      const std::string& problem);
  /// Those that were being evaluated when the server died, or that one, are asked for again.
  void resume_evaluating(TimePoint now, std::int64_t jobset = 0);
  void add_to_counts(std::int64_t jobset, std::int64_t queued, std::int64_t good,
                     std::int64_t failed);

 private:
  std::vector<Jobset> read(const std::string& condition, std::optional<std::int64_t> id,
                           std::optional<std::string_view> name);
  void read_inputs(Jobset& jobset);
  void write_inputs(std::int64_t jobset, const JobsetSettings& settings);

  Database& database_;
};

}  // namespace grange
