#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/derivations.h"
#include "record/public_export.h"
#include "serve/hydra_json.h"
#include "serve/hydra_pages.h"
#include "serve/hydra_routes.h"
#include "serve/search_text.h"

namespace grange {
namespace {

constexpr std::int64_t kMostListed = 10'000;
constexpr std::size_t kMostQueued = 1'000'000;
constexpr std::int64_t kMostPeriods = 10'000;
constexpr std::size_t kLongestSearch = 300;

/// `nr`: how many.
std::size_t count_parameter(const ApiCall& call, std::int64_t most) {
  const auto count = call.integer_parameter("nr");
  if (!count || *count < 1 || *count > most) {
    throw InvalidError("specified is 'nr', how many, from 1 to " + std::to_string(most) + ", got " +
                       (count ? std::to_string(*count) : "none"));
  }
  return static_cast<std::size_t>(*count);
}

/// As in Hydra, one that is empty filters nothing.
std::optional<std::string> filter_parameter(const ApiCall& call, std::string_view name) {
  auto value = call.parameter(name);
  if (value && value->empty()) return std::nullopt;
  return value;
}

HydraJson short_builds(Database& database, const std::vector<BuildRow>& rows) {
  std::map<std::int64_t, std::optional<Jobset>> jobsets;
  HydraJson list = HydraJson::array();
  for (const auto& row : rows) {
    auto found = jobsets.find(row.jobset);
    if (found == jobsets.end()) {
      found = jobsets.emplace(row.jobset, Jobsets(database).find(row.jobset)).first;
    }
    list.push_back(hydra_short_build(row, found->second ? &*found->second : nullptr));
  }
  return list;
}

ServerResponse hydra_latest_builds(ApiCall& call) {
  BuildQuery query;
  query.limit = count_parameter(call, kMostListed);
  query.finished = true;
  query.label = filter_parameter(call, "job");
  query.system = filter_parameter(call, "system");
  query.with_hidden = sees_all(call);
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto project = filter_parameter(call, "project");
    const auto jobset = filter_parameter(call, "jobset");
    if (jobset && !project) throw InvalidError("a 'jobset' is asked for without its 'project'");
    if (jobset) {
      query.jobset = seen_jobset(call, database, *project, *jobset).jobset.id;
    } else if (project) {
      const auto seen = seen_project(call, database, *project);
      query.project = seen.project.id;
      query.with_hidden = sees_all_of(call, seen);
    }
    if (jobset) query.with_hidden = true;  // it is seen
    return short_builds(database, Builds(database).list(query));
  }));
}

ServerResponse hydra_jobset_overviews(ApiCall& call) {
  const auto project = call.parameter("project");
  if (!project) throw InvalidError("specified is 'project', the name of one, got none");
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_project(call, database, *project);
    HydraJson list = HydraJson::array();
    for (const auto& jobset :
         seen_jobsets(call, database, Jobsets(database).of_project(seen.project.id))) {
      list.push_back(hydra_jobset_overview(jobset));
    }
    return list;
  }));
}

ServerResponse hydra_short_queue(ApiCall& call) {
  const auto count = count_parameter(call, kMostListed);
  return api_answer(call.farm().database().read([&](Database& database) {
    return short_builds(database, Builds(database).queue(sees_all(call), count));
  }));
}

ServerResponse hydra_queue(ApiCall& call) {
  auto builds = call.farm().database().read([&](Database& database) {
    std::vector<std::int64_t> ids;
    for (const auto& row : Builds(database).queue(sees_all(call), kMostQueued)) {
      ids.push_back(row.id);
    }
    return ids;
  });
  return hydra_build_stream(call, std::move(builds));
}

ServerResponse hydra_queue_length(ApiCall& call) {
  const auto count = call.farm().database().read([&](Database& database) {
    std::int64_t queued = 0;
    for (const auto& jobset : seen_jobsets(call, database, Jobsets(database).all())) {
      queued += jobset.status.queued_builds;
    }
    return queued;
  });
  return text_response(200, std::to_string(count));
}

ServerResponse hydra_builds_per_period(ApiCall& call) {
  constexpr std::array<std::pair<std::string_view, std::chrono::seconds>, 5> kPeriods{{
      {"hour", std::chrono::hours(1)},
      {"day", std::chrono::hours(24)},
      {"week", std::chrono::hours(7 * 24)},
      {"month", std::chrono::hours(30 * 24)},
      {"year", std::chrono::hours(365 * 24)},
  }};
  const auto name = call.parameter("period").value_or("");
  const auto period = std::find_if(kPeriods.begin(), kPeriods.end(),
                                   [&](const auto& known) { return known.first == name; });
  if (period == kPeriods.end()) {
    throw InvalidError("specified is a 'period' of hour, day, week, month or year, got '" +
                       printable(name) + "'");
  }
  const auto count = count_parameter(call, kMostPeriods);
  return api_answer(call.farm().database().read([&](Database& database) {
    return HydraJson(
        Builds(database).ended_per_period(call.farm().clock().now(), period->second, count));
  }));
}

HydraJson changed_inputs(const std::vector<EvaluationInputRow>& now,
                         const std::vector<EvaluationInputRow>& before) {
  HydraJson list = HydraJson::array();
  for (const auto& input : now) {
    const auto same =
        std::find_if(before.begin(), before.end(), [&](const EvaluationInputRow& other) {
          return other.name == input.name && other.type == input.type &&
                 other.value == input.value && other.uri == input.uri &&
                 other.revision == input.revision && other.store_path == input.store_path;
        });
    if (same != before.end()) continue;
    list.push_back({{"name", input.name},
                    {"type", input.type},
                    {"uri", input.uri},
                    {"revision", input.revision},
                    {"value", without_credentials(input.value, true)}});
  }
  return list;
}

ServerResponse hydra_all_evaluations(ApiCall& call) {
  const auto page = hydra_page_of(call);
  return api_answer(call.farm().database().read([&](Database& database) {
    EvaluationHistory history(database);
    HydraJson list = HydraJson::array();
    for (const auto& row :
         history.complete_ones(sees_all(call), page.skipped(), HydraPage::kLength)) {
      const auto inputs = history.inputs(row.id);
      const auto base = row.base != 0 ? history.find(row.base) : std::nullopt;
      const auto base_inputs = base ? history.inputs(base->id) : std::vector<EvaluationInputRow>();
      list.push_back({{"eval", hydra_evaluation(row, inputs, history.builds(row))},
                      {"nrScheduled", row.queued},
                      {"nrSucceeded", row.good},
                      {"nrFailed", row.failed},
                      {"diff", base ? HydraJson(row.good - base->good) : HydraJson()},
                      {"changedInputs", changed_inputs(inputs, base_inputs)}});
    }
    return list;
  }));
}

HydraJson full_list(const ApiCall& call, Database& database, const std::vector<BuildRow>& rows) {
  HydraJson list = HydraJson::array();
  for (const auto& row : rows) list.push_back(hydra_full_build(call, database, row));
  return list;
}

/// Projects and jobsets by a part of their names and descriptions, builds by the path (or its
/// digest) of an output or of their derivation.
ServerResponse hydra_search(ApiCall& call) {
  const auto text = std::string(trim(call.parameter("query").value_or("")));
  if (text.empty() || text.size() > kLongestSearch) {
    throw InvalidError("specified is a 'query' of 1 to " + std::to_string(kLongestSearch) +
                       " bytes, got " + std::to_string(text.size()));
  }
  const auto limit = call.limit(10, 50);
  const auto& store_dir = call.farm().workshop().config().store_dir;
  return api_answer(call.farm().database().read([&](Database& database) {
    HydraJson projects = HydraJson::array();
    HydraJson jobsets = HydraJson::array();
    for (const auto& project : Projects(database).all()) {
      if (projects.size() >= limit) break;
      const auto& settings = project.settings;
      const ProjectFacts facts{settings.hidden, settings.owner,
                               Projects(database).members(project.id)};
      const bool fits = contains_ignoring_case(settings.name, text) ||
                        contains_ignoring_case(settings.display_name, text) ||
                        contains_ignoring_case(settings.description, text);
      if (!fits || !may(call.identity, Permission::read, &facts)) continue;
      std::vector<std::string> names;
      for (const auto& jobset :
           seen_jobsets(call, database, Jobsets(database).of_project(project.id))) {
        names.push_back(jobset.settings.name);
      }
      projects.push_back(hydra_project(project, names));
    }
    for (const auto& jobset : seen_jobsets(call, database, Jobsets(database).all())) {
      if (jobsets.size() >= limit) break;
      if (contains_ignoring_case(jobset.settings.name, text) ||
          contains_ignoring_case(jobset.settings.description, text)) {
        jobsets.push_back(hydra_jobset(jobset));
      }
    }
    std::string name = text;
    if (name.starts_with(store_dir.str() + "/")) name.erase(0, store_dir.str().size() + 1);
    name = name.substr(0, name.find('/'));
    // A digest alone is looked for as well.
    if (name.size() == StorePath::kHashLength) name += "-x";
    std::vector<BuildRow> of_output;
    std::vector<BuildRow> of_derivation;
    if (const auto path = StorePath::try_parse(name)) {
      Builds builds(database);
      of_output = builds.with_output(path->hash_part(), sees_all(call), limit);
      if (const auto derivation = Derivations(database).find(*path)) {
        BuildQuery query;
        query.derivation = derivation->id;
        query.with_hidden = sees_all(call);
        query.limit = limit;
        of_derivation = builds.list(query);
      }
    }
    return HydraJson{{"projects", std::move(projects)},
                     {"jobsets", std::move(jobsets)},
                     {"builds", full_list(call, database, of_output)},
                     {"buildsdrv", full_list(call, database, of_derivation)}};
  }));
}

}  // namespace

void add_hydra_list_routes(Router& router, const ApiContext& context) {
  const auto get = [&](std::string_view pattern, ApiHandler handler) {
    add_hydra_route(router, context, RequestMethod::get, pattern, std::move(handler));
  };
  get("/api/latestbuilds", hydra_latest_builds);
  get("/api/jobsets", hydra_jobset_overviews);
  get("/api/queue", hydra_short_queue);
  get("/api/nrqueue", hydra_queue_length);
  get("/api/nrbuilds", hydra_builds_per_period);
  get("/queue", hydra_queue);
  get("/evals", hydra_all_evaluations);
  get("/search", hydra_search);
}

}  // namespace grange
