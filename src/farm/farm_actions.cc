#include "farm/farm_actions.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/fault.h"
#include "farm/farm_events.h"
#include "record/accounts.h"
#include "record/failures.h"
#include "record/machines.h"

namespace grange {
namespace {

void refuse_declared(const std::string& what, const std::string& declared_in) {
  if (declared_in.empty()) return;
  throw ConflictError(what + " is declared in '" + declared_in + "': change it there");
}

Project project_named(Database& database, const std::string& name) {
  auto project = Projects(database).find(name);
  if (!project) throw NotFoundError("there is no project '" + name + "'");
  return *std::move(project);
}

Jobset jobset_named(Database& database, const std::string& project, const std::string& name) {
  auto jobset = Jobsets(database).find(project_named(database, project).id, name);
  if (!jobset) throw NotFoundError("there is no jobset '" + project + ":" + name + "'");
  return *std::move(jobset);
}

}  // namespace

/// Changes and events are one transaction; it may be called twice.
void FarmActions::tell(const std::function<void(Database&, std::vector<EventRow>&)>& change) {
  std::vector<EventRow> events;
  farm_.database().write([&](Database& database) {
    events.clear();
    change(database, events);
    Events(database).add(events);
  });
  farm_.bus().publish(events);
}

FarmActions::Put FarmActions::put_project(const std::string& name,
                                          const ProjectSettings& settings) {
  if (auto problems = check_settings(settings); !problems.empty()) {
    throw SettingsError(std::move(problems));
  }
  Put put;
  tell([&](Database& database, std::vector<EventRow>& events) {
    Projects projects(database);
    const auto present = projects.find(name);
    put.created = !present;
    if (present) {
      refuse_declared("project '" + name + "'", present->declared_in);
      put.id = present->id;
      projects.update(*present, settings, "");
    } else {
      put.id = projects.create(settings, "");
    }
    events.push_back(project_event(put.created ? "project-created" : "project-changed",
                                   settings.name, farm_.clock().now()));
  });
  farm_.wake();
  return put;
}

void FarmActions::delete_project(const std::string& name) {
  std::vector<std::int64_t> builds;
  tell([&](Database& database, std::vector<EventRow>& events) {
    const auto project = project_named(database, name);
    refuse_declared("project '" + name + "'", project.declared_in);
    builds.clear();
    BuildQuery query;
    query.project = project.id;
    query.finished = false;
    query.with_hidden = true;
    query.limit = 1'000'000;
    for (const auto& build : Builds(database).list(query)) builds.push_back(build.id);
    Projects(database).remove(project, farm_.clock().now());
    events.push_back(project_event("project-deleted", name, farm_.clock().now()));
  });
  cancel(builds);
  farm_.wake();
}

FarmActions::Put FarmActions::put_jobset(const std::string& project, const std::string& name,
                                         const JobsetSettings& settings) {
  if (auto problems = check_settings(settings); !problems.empty()) {
    throw SettingsError(std::move(problems));
  }
  Put put;
  tell([&](Database& database, std::vector<EventRow>& events) {
    const auto parent = project_named(database, project);
    refuse_declared("project '" + project + "'", parent.declared_in);
    Jobsets jobsets(database);
    const auto present = jobsets.find(parent.id, name);
    put.created = !present;
    if (present) {
      refuse_declared("jobset '" + project + ":" + name + "'", present->declared_in);
      put.id = present->id;
      jobsets.update(*present, settings, "");
    } else {
      put.id = jobsets.create(parent.id, settings, "");
    }
    const bool by_itself = settings.check_interval > 0 || settings.state == JobsetState::one_shot;
    if (settings.state != JobsetState::off && by_itself) {
      jobsets.trigger(put.id, farm_.clock().now(), false);
    }
    events.push_back(jobset_event(put.created ? "jobset-created" : "jobset-changed",
                                  jobsets.find(put.id).value(), farm_.clock().now()));
  });
  farm_.wake();
  return put;
}

void FarmActions::delete_jobset(const std::string& project, const std::string& name) {
  std::vector<std::int64_t> builds;
  tell([&](Database& database, std::vector<EventRow>& events) {
    const auto jobset = jobset_named(database, project, name);
    refuse_declared("jobset '" + project + ":" + name + "'", jobset.declared_in);
    builds.clear();
    BuildQuery query;
    query.jobset = jobset.id;
    query.finished = false;
    query.with_hidden = true;
    query.limit = 1'000'000;
    for (const auto& build : Builds(database).list(query)) builds.push_back(build.id);
    Jobsets(database).remove(jobset, farm_.clock().now());
    events.push_back(jobset_event("jobset-deleted", jobset, farm_.clock().now()));
  });
  cancel(builds);
  farm_.wake();
}

void FarmActions::set_members(const std::string& project,
                              const std::vector<std::string>& accounts) {
  tell([&](Database& database, std::vector<EventRow>& events) {
    const auto found = project_named(database, project);
    refuse_declared("project '" + project + "'", found.declared_in);
    Projects(database).set_members(found.id, accounts);
    events.push_back(project_event("project-changed", project, farm_.clock().now()));
  });
}

void FarmActions::declare(const std::string& file, const std::vector<DeclaredProject>& projects,
                          const std::vector<DeclaredWebhook>& webhooks) {
  tell([&](Database& database, std::vector<EventRow>& events) {
    declare_projects(database, file, projects, farm_.clock().now(), events);
    Accounts(database).declare_webhook_secrets(file, webhooks);
  });
  farm_.wake();
}

std::vector<std::int64_t> FarmActions::trigger(const std::vector<std::int64_t>& jobsets,
                                               bool forced) {
  std::vector<std::int64_t> triggered;
  tell([&](Database& database, std::vector<EventRow>& events) {
    triggered.clear();
    Jobsets table(database);
    for (const auto id : jobsets) {
      const auto jobset = table.find(id);
      if (!jobset || !jobset->project_enabled) continue;
      if (jobset->settings.state == JobsetState::off && !forced) continue;
      table.trigger(id, farm_.clock().now(), forced);
      triggered.push_back(id);
      events.push_back(jobset_event("jobset-triggered", *jobset, farm_.clock().now()));
    }
  });
  farm_.wake();
  return triggered;
}

std::vector<std::int64_t> FarmActions::restart(const std::vector<std::int64_t>& builds) {
  farm_.recorder().flush();  // what has just ended counts as ended
  std::vector<std::int64_t> queued;
  tell([&](Database& database, std::vector<EventRow>& events) {
    Builds table(database);
    std::set<std::int64_t> again(builds.begin(), builds.end());
    std::set<std::string> causes;
    for (const auto build : builds) {
      for (auto& name : table.failed_inputs(build)) causes.insert(std::move(name));
    }
    const std::vector<std::string> names(causes.begin(), causes.end());
    forget_failures(database, names);
    for (const auto build : table.failed_by(names)) again.insert(build);
    const std::vector<std::int64_t> all(again.begin(), again.end());
    queued = table.restart(all, farm_.clock().now());
    for (const auto& build : table.find(queued)) {
      events.push_back(build_event("build-queued", build, farm_.clock().now()));
    }
  });
  requeue(queued);
  return queued;
}

void FarmActions::requeue(const std::vector<std::int64_t>& builds) {
  std::vector<QueuedBuild> requests;
  farm_.database().read([&](Database& database) {
    EvaluationHistory history(database);
    for (const auto& build : Builds(database).find(builds)) {
      if (auto request = queued_build(build, history.facts(build.facts), farm_.config().limits)) {
        requests.push_back(*std::move(request));
      }
    }
    return 0;
  });
  farm_.driver().add(std::move(requests));
}

std::vector<std::int64_t> FarmActions::cancel(const std::vector<std::int64_t>& builds) {
  std::vector<std::int64_t> ended;
  tell([&](Database& database, std::vector<EventRow>& events) {
    ended.clear();
    Builds table(database);
    const auto now = farm_.clock().now();
    std::vector<FinishedBuild> finished;
    for (const auto& build : table.find(builds)) {
      if (build.finished()) continue;
      FinishedBuild end;
      end.build = build.id;
      end.outcome = Outcome::cancelled;
      end.started = build.started.value_or(now);
      end.stopped = now;
      end.message = "cancelled";
      finished.push_back(std::move(end));
      ended.push_back(build.id);
    }
    table.finish(finished);
    for (const auto& build : table.find(ended)) {
      events.push_back(build_event("build-finished", build, now));
    }
  });
  farm_.driver().cancel(ended);
  return ended;
}

void FarmActions::bump(const std::vector<std::int64_t>& builds) {
  std::vector<BuildChange> changed;
  tell([&](Database& database, std::vector<EventRow>& events) {
    changed.clear();
    Builds table(database);
    const auto now = farm_.clock().now();
    for (auto build : table.find(builds)) {
      if (build.finished()) continue;
      build.bumped = to_unix(now);
      table.set_bumped(build.id, build.bumped);
      changed.push_back({build.id, build.bumped, std::nullopt});
      events.push_back(build_event("build-bumped", build, now));
    }
  });
  farm_.driver().change(changed);
}

void FarmActions::keep(std::int64_t build, bool keep) {
  ResultRoots::Hold held;
  if (keep) {
    std::set<StorePath> outputs;
    farm_.database().read([&](Database& database) {
      for (const auto& [name, path] : Builds(database).outputs(build)) outputs.insert(path);
      return 0;
    });
    held = farm_.roots().hold_kept(outputs);
    fault_point("serve.before-keep");
  }
  tell([&](Database& database, std::vector<EventRow>& events) {
    Builds table(database);
    const auto found = table.find(build);
    if (!found) throw NotFoundError("there is no build " + std::to_string(build));
    table.set_keep(build, keep);
    events.push_back(
        build_event(keep ? "build-kept" : "build-not-kept", *found, farm_.clock().now()));
  });
  farm_.roots().look_at_kept();
}

void FarmActions::set_drained(std::int64_t machine, bool drained) {
  tell([&](Database& database, std::vector<EventRow>& events) {
    Machines machines(database);
    const auto found = machines.find(machine);
    if (!found) throw NotFoundError("there is no machine " + std::to_string(machine));
    machines.set_drained(machine, drained);
    events.push_back(machine_event(drained ? "machine-drained" : "machine-enabled", *found,
                                   farm_.clock().now()));
  });
  if (machine == farm_.machine()) farm_.driver().set_drained(drained);
}

}  // namespace grange
