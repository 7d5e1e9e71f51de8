#include "farm/declared_projects.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "farm/farm_events.h"

namespace grange {
namespace {

/// Of everything that is declared of a jobset.
std::string digest_of_settings(const JobsetSettings& settings) {
  auto json = nlohmann::json::array(
      {settings.name, settings.description, static_cast<int>(settings.state), settings.hidden,
       settings.flake, settings.expression_input, settings.expression_path, settings.check_interval,
       settings.shares, settings.keep, settings.allow_import_from_derivation});
  for (const auto& [name, input] : settings.inputs) json.push_back({name, input.type, input.value});
  const auto text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return hash_bytes(HashAlgorithm::sha256, text).digits(HashFormat::base16);
}

/// One call of declare_projects.
class Declaration {
 public:
  Declaration(Database& database, const std::string& file, TimePoint now,
              std::vector<EventRow>& events)
      : projects_(database), jobsets_(database), file_(file), now_(now), events_(events) {}

  void declare(const DeclaredProject& declared) {
    const auto project = put(declared);
    std::set<std::string> names;
    for (const auto& settings : declared.jobsets) {
      names.insert(settings.name);
      put(project, settings);
    }
    for (const auto& jobset : jobsets_.of_project(project)) {
      if (!names.contains(jobset.settings.name)) retire(jobset);
    }
  }

  /// What no file declares any more.
  void retire(const Project& project) {
    auto settings = project.settings;
    settings.enabled = false;
    settings.hidden = true;
    projects_.update(project, settings, "");
    for (const auto& jobset : jobsets_.of_project(project.id)) {
      jobsets_.update(jobset, jobset.settings, "");
      jobsets_.set_declaration(jobset.id, "");
    }
    events_.push_back(project_event("project-changed", settings.name, now_));
  }

 private:
  std::int64_t put(const DeclaredProject& declared) {
    const auto& settings = declared.settings;
    const auto present = projects_.find(settings.name);
    auto members = declared.members;
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    if (present && present->settings == settings && present->declared_in == file_ &&
        projects_.members(present->id) == members) {
      return present->id;
    }
    if (present) projects_.update(*present, settings, file_);
    const auto id = present ? present->id : projects_.create(settings, file_);
    projects_.set_members(id, members);
    events_.push_back(
        project_event(present ? "project-changed" : "project-created", settings.name, now_));
    return id;
  }

  void put(std::int64_t project, JobsetSettings settings) {
    const auto digest = digest_of_settings(settings);
    const auto present = jobsets_.find(project, settings.name);
    const bool is_new = !present || jobsets_.declaration(present->id) != digest;
    // A one-shot jobset that switched itself off stays off until something else is declared.
    if (!is_new) settings.state = present->settings.state;
    if (!is_new && present->settings == settings && present->declared_in == file_) return;
    if (present) jobsets_.update(*present, settings, file_);
    const auto id = present ? present->id : jobsets_.create(project, settings, file_);
    jobsets_.set_declaration(id, digest);
    const bool by_itself = settings.check_interval > 0 || settings.state == JobsetState::one_shot;
    if (is_new && by_itself && settings.state != JobsetState::off) {
      jobsets_.trigger(id, now_, false);
    }
    tell(id, present ? "jobset-changed" : "jobset-created");
  }

  /// Of a project that is still declared.
  void retire(const Jobset& jobset) {
    auto settings = jobset.settings;
    settings.state = JobsetState::off;
    settings.hidden = true;
    if (settings == jobset.settings && jobset.declared_in.empty()) return;
    jobsets_.update(jobset, settings, "");
    jobsets_.set_declaration(jobset.id, "");
    tell(jobset.id, "jobset-changed");
  }

  void tell(std::int64_t jobset, std::string_view kind) {
    events_.push_back(jobset_event(kind, jobsets_.find(jobset).value(), now_));
  }

  Projects projects_;
  Jobsets jobsets_;
  const std::string& file_;
  const TimePoint now_;
  std::vector<EventRow>& events_;
};

}  // namespace

void declare_projects(Database& database, const std::string& file,
                      const std::vector<DeclaredProject>& projects, TimePoint now,
                      std::vector<EventRow>& events) {
  Declaration declaration(database, file, now, events);
  std::set<std::string> names;
  for (const auto& project : projects) {
    names.insert(project.settings.name);
    declaration.declare(project);
  }
  for (const auto& project : Projects(database).all()) {
    if (!project.declared_in.empty() && !names.contains(project.settings.name)) {
      declaration.retire(project);
    }
  }
}

}  // namespace grange
