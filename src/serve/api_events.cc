#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"

namespace grange {
namespace {

constexpr std::chrono::seconds kEventsKeepAlive{15};
constexpr std::size_t kEventsTogether = 500;

/// What a follower is told of, and whether he may see it. Jobsets are looked at once.
class EventFilter {
 public:
  explicit EventFilter(ApiCall& call)
      : identity_(call.identity),
        kinds_(split_text(call.parameter("kinds").value_or(""))),
        project_(project_of(call)),
        jobset_(call.integer_parameter("jobset")),
        evaluation_(call.integer_parameter("evaluation")),
        build_(call.integer_parameter("build")) {}

  bool passes(Database& database, const EventRow& event) {
    if (!kinds_.empty() && !kinds_.contains(event.kind)) return false;
    if (jobset_ && event.jobset != *jobset_) return false;
    if (evaluation_ && event.evaluation != *evaluation_) return false;
    if (build_ && event.build != *build_) return false;
    if (project_ && !is_of_project(database, event)) return false;
    if (event.jobset != 0) return is_seen(database, event.jobset);
    if (event.build != 0) {  // a step's: it is as hidden as the build that it is made for
      const auto build = Builds(database).find(event.build);
      return !build || build->jobset == 0 || is_seen(database, build->jobset);
    }
    // One that was made for the daemon socket alone.
    if (event.kind.starts_with("step-")) return may_see(database, std::nullopt);
    return !event.kind.starts_with("project-") || is_project_seen(database, event);
  }

 private:
  static std::set<std::string, std::less<>> split_text(const std::string& text) {
    std::set<std::string, std::less<>> parts;
    for (std::size_t begin = 0; begin < text.size();) {
      const auto end = std::min(text.find(',', begin), text.size());
      if (end > begin) parts.insert(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return parts;
  }

  static std::optional<Project> project_of(ApiCall& call) {
    const auto name = call.parameter("project");
    if (!name) return std::nullopt;
    return call.farm().database().read(
        [&](Database& database) { return seen_project(call, database, *name).project; });
  }

  bool is_of_project(Database& database, const EventRow& event) const {
    auto id = event.jobset;
    if (id == 0 && event.build != 0) {
      const auto build = Builds(database).find(event.build);
      if (build) id = build->jobset;
    }
    if (id != 0) {
      const auto jobset = Jobsets(database).find(id);
      return jobset && jobset->project == project_->id;
    }
    const auto data = nlohmann::json::parse(event.data, nullptr, false);
    return event.kind.starts_with("project-") && data.is_object() &&
           data.value("project", "") == project_->settings.name;
  }

  bool is_seen(Database& database, std::int64_t id) {
    Jobsets jobsets(database);
    const auto jobset = jobsets.find(id);
    if (!jobset) return !jobsets.is_hidden(id) || may_see(database, std::nullopt);
    return !jobset->hidden() || may_see(database, Projects(database).find(jobset->project));
  }

  bool is_project_seen(Database& database, const EventRow& event) {
    const auto data = nlohmann::json::parse(event.data, nullptr, false);
    const auto name = data.is_object() ? data.value("project", "") : "";
    const auto project = Projects(database).find(name);
    // Of one that is gone, or has another name by now, it is not known whether it was hidden.
    return project ? !project->settings.hidden || may_see(database, project)
                   : may_see(database, std::nullopt);
  }

  /// May who follows see what is hidden in this project?
  bool may_see(Database& database, const std::optional<Project>& project) {
    ProjectFacts facts{true, "", {}};
    if (project) {
      facts.owner = project->settings.owner;
      facts.members = Projects(database).members(project->id);
    }
    return may(identity_, Permission::read, &facts);
  }

  const Identity identity_;
  const std::set<std::string, std::less<>> kinds_;
  const std::optional<Project> project_;
  const std::optional<std::int64_t> jobset_;
  const std::optional<std::int64_t> evaluation_;
  const std::optional<std::int64_t> build_;
};

/// From where a client goes on: behind what it has had, or with what comes.
std::int64_t begin_of(ApiCall& call) {
  if (const auto last = call.http.request.headers.get("Last-Event-ID"); !last.empty()) {
    const auto number = parse_number(last);
    if (number) return static_cast<std::int64_t>(*number);
  }
  return call.integer_parameter("after").value_or(call.farm().bus().last());
}

ServerResponse follow_events(ApiCall& call) {
  ServerResponse response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  StreamBody body;
  body.write = [&farm = call.farm(), filter = EventFilter(call), after = begin_of(call),
                seat = call.context.followers.take(call.identity.is_anonymous()),
                stop = call.http.stop](Sink& sink) mutable {
    sink.write("retry: 2000\n\n");
    while (!stop.stop_requested()) {
      std::vector<EventRow> events;
      if (farm.bus().reaches_back_to(after)) {
        events = farm.bus().after(after, kEventsTogether,
                                  std::chrono::steady_clock::now() + kEventsKeepAlive, stop);
      } else {
        events = farm.database().read(
            [&](Database& database) { return Events(database).after(after, kEventsTogether); });
        if (events.empty()) after = farm.bus().last();
      }
      if (events.empty()) {
        sink.write(": still here\n\n");
        continue;
      }
      std::string text;
      farm.database().read([&](Database& database) {
        text.clear();
        for (const auto& event : events) {
          if (!filter.passes(database, event)) continue;
          text += "id: " + std::to_string(event.id) + "\nevent: " + event.kind +
                  "\ndata: " + event.data + "\n\n";
        }
        return 0;
      });
      after = events.back().id;
      if (!text.empty()) sink.write(text);
    }
  };
  response.body = std::move(body);
  return response;
}

}  // namespace

void add_event_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/events", follow_events);
}

}  // namespace grange
