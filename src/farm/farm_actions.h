#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "farm/declared_projects.h"
#include "farm/farm.h"
#include "farm/settings_check.h"
#include "record/accounts.h"
#include "record/jobsets.h"
#include "record/projects.h"

namespace grange {

/// What somebody specified is wrong, field by field.
class SettingsError : public InvalidError {
 public:
  explicit SettingsError(SettingProblems problems)
      : InvalidError(to_string(problems)), problems_(std::move(problems)) {}
  const SettingProblems& problems() const noexcept { return problems_; }

 private:
  SettingProblems problems_;
};

/// What people change of the farm: each call is one transaction, takes effect at once, and is told
/// to those who follow. Whether somebody may is for the caller to know. Thread safe.
class FarmActions {
 public:
  explicit FarmActions(Farm& farm) : farm_(farm) {}

  struct Put {
    std::int64_t id = 0;
    bool created = false;
  };
  /// Makes the project, or replaces all that is said of it; `settings.name` is its new name.
  /// Throws SettingsError; ConflictError where another one has the name, or a file declares it.
  Put put_project(const std::string& name, const ProjectSettings& settings);
  void delete_project(const std::string& name);
  /// The same of a jobset with all its inputs. NotFoundError: there is no such project.
  Put put_jobset(const std::string& project, const std::string& name,
                 const JobsetSettings& settings);
  void delete_jobset(const std::string& project, const std::string& name);
  void set_members(const std::string& project, const std::vector<std::string>& accounts);

  /// Makes all be as `file` declares it (declared_projects.h), with the secrets that forges sign
  /// with.
  void declare(const std::string& file, const std::vector<DeclaredProject>& projects,
               const std::vector<DeclaredWebhook>& webhooks);

  /// Asks for evaluations; those of jobsets that are off only with `forced`. Which are asked for.
  std::vector<std::int64_t> trigger(const std::vector<std::int64_t>& jobsets, bool forced);

  /// Makes finished builds again, with what they failed through and what failed through that: the
  /// failures are forgotten. Which are queued again.
  std::vector<std::int64_t> restart(const std::vector<std::int64_t>& builds);
  /// Ends builds that are not finished; which were ended.
  std::vector<std::int64_t> cancel(const std::vector<std::int64_t>& builds);
  /// Before all others.
  void bump(const std::vector<std::int64_t>& builds);
  void keep(std::int64_t build, bool keep);
  /// Nothing new starts on that machine, or it does again.
  void set_drained(std::int64_t machine, bool drained);

 private:
  void tell(const std::function<void(Database&, std::vector<EventRow>&)>& change);
  void requeue(const std::vector<std::int64_t>& builds);

  Farm& farm_;
};

}  // namespace grange
