#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "pages/farm_pages.h"
#include "pages/page_causes.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/project_facts.h"
#include "pages/snapshot_cache.h"
#include "pages/target_groups.h"

namespace grange {
namespace {

constexpr std::size_t kRows = 250;
constexpr std::size_t kChoices = 20;

/// The evaluation of a page, and the one that it is compared with.
struct Compared {
  EvaluationRow head;
  std::optional<EvaluationRow> base;
  TargetAnswer answer;  ///< points into the next two
  SnapshotCache::Targets head_targets;
  SnapshotCache::Targets base_targets;
  std::vector<EvaluationRow> choices;  ///< what else it may be compared with
};

std::optional<EvaluationRow> base_of(const ApiCall& api, Database& database,
                                     const EvaluationRow& head, const std::string& against) {
  if (!against.empty()) {
    const auto id = parse_number(against);
    if (!id)
      throw InvalidError("an evaluation's number is expected, got '" + printable(against) + "'");
    return seen_evaluation(api, database, static_cast<std::int64_t>(*id)).evaluation;
  }
  EvaluationHistory history(database);
  if (head.position == 0) return history.last_complete(head.jobset);
  return head.base != 0 ? history.find(head.base) : std::nullopt;
}

Compared compare(PageCall& call, SnapshotCache& snapshots, std::int64_t id,
                 const TargetQuestion& question) {
  return call.site.context().farm.database().read([&](Database& database) {
    const ApiCall api{call.http, call.site.context(), call.identity, nullptr};
    Compared compared;
    compared.head = seen_evaluation(api, database, id).evaluation;
    compared.base = base_of(api, database, compared.head, call.parameter("against"));
    compared.head_targets = snapshots.of(database, compared.head, call.now);
    if (compared.base) compared.base_targets = snapshots.of(database, *compared.base, call.now);
    compared.answer =
        ask_targets(pair_targets(*compared.head_targets, compared.base_targets.get()), question);
    compared.choices = EvaluationHistory(database).of_jobset(compared.head.jobset, 0, kChoices);
    return compared;
  });
}

ApiJson target_view(const TargetPair& pair) {
  const auto& shown = pair.head != nullptr ? *pair.head : *pair.base;
  const auto build_url = [](const SnapshotTarget* target) {
    return target != nullptr ? ApiJson("/build/" + std::to_string(target->build)) : ApiJson();
  };
  const auto status = [](const SnapshotTarget* target) -> ApiJson {
    if (target == nullptr) return nullptr;
    return status_view(target->outcome ? ApiJson(to_string(*target->outcome)) : ApiJson());
  };
  return {{"label", shown.label},
          {"name", shown.name},
          {"system", shown.system},
          {"url", build_url(pair.head)},
          {"status", status(pair.head)},
          {"baseUrl", build_url(pair.base)},
          {"baseStatus", status(pair.base)},
          {"verdict", verdict_view(pair.verdict ? ApiJson(to_string(*pair.verdict)) : ApiJson())}};
}

ApiJson inputs_view(const ApiJson& inputs, TimePoint now) {
  ApiJson list = ApiJson::array();
  for (const auto& [name, input] : inputs.items()) {
    const auto revision = input["revision"].get<std::string>();
    ApiJson view{{"name", name},
                 {"type", input["type"]},
                 {"value", input["value"]},
                 {"revision", revision},
                 {"shortRevision", revision.substr(0, 12)},
                 {"subject", nullptr},
                 {"author", nullptr},
                 {"authored", nullptr}};
    if (input["commit"].is_object()) {
      view["subject"] = input["commit"]["subject"];
      view["author"] = input["commit"]["author"];
      view["authored"] = time_view(input["commit"]["authored"], now);
    }
    list.push_back(std::move(view));
  }
  return list;
}

/// What of this page's address stays when another group is chosen.
std::string kept_parameters(const PageCall& call) {
  const auto against = call.parameter("against");
  return against.empty() ? std::string() : "&against=" + url_part(against);
}

ApiJson group_tabs(const Compared& compared, const std::string& url, const std::string& kept) {
  ApiJson tabs = ApiJson::array();
  for (const auto& name : kTargetGroups) {
    const auto count = compared.answer.count(name.group);
    const bool is_shown = compared.answer.group == name.group;
    if (count == 0 && !is_shown) continue;
    tabs.push_back({{"text", name.title},
                    {"key", name.key},
                    {"count", count_text(count)},
                    {"current", is_shown},
                    {"url", fmt::format("{}?show={}{}", url, name.key, kept)}});
  }
  return tabs;
}

/// "16,962 of 16,962 .drv paths changed, 0 outputs did"; where some did: how many paths changed
/// alone.
ApiJson equivalence_text(const Compared& compared) {
  const auto equivalent = compared.answer.count(TargetGroup::equivalent);
  if (equivalent == 0) return nullptr;
  const auto all = static_cast<std::int64_t>(compared.head_targets->size());
  return count_text(equivalent) + " of " + count_text(all) +
         (compared.answer.count(TargetGroup::changed) == 0
              ? " .drv paths changed, 0 outputs did"
              : " .drv paths changed without another output");
}

ApiJson choices_view(const Compared& compared) {
  ApiJson choices = ApiJson::array();
  for (const auto& row : compared.choices) {
    if (row.id == compared.head.id || row.position == 0) continue;
    choices.push_back({{"id", row.id}, {"chosen", compared.base && compared.base->id == row.id}});
  }
  return choices;
}

ApiJson evaluation_actions(const PageCall& call, const ApiJson& evaluation) {
  const auto project =
      call.get("/api/v1/projects/" + url_part(evaluation["project"].get<std::string>()));
  const auto facts = project_facts(project);
  const auto url = "/api/v1/evaluations/" + evaluation["id"].dump();
  const auto& builds = evaluation["builds"];
  const bool has_failed = builds["failed"].get<std::int64_t>() > 0;
  const bool waits = builds["queued"].get<std::int64_t>() > 0;
  ApiJson actions = ApiJson::array();
  const auto add = [&](Permission permission, bool fits, std::string_view text,
                       const std::string& target) {
    if (!fits || !may(call.identity, permission, &facts)) return;
    actions.push_back({{"text", text}, {"method", "POST"}, {"target", url + target}});
  };
  add(Permission::restart_builds, has_failed, "Restart all that failed", "/restart?what=failed");
  add(Permission::restart_builds, has_failed, "Restart what was aborted", "/restart?what=aborted");
  add(Permission::cancel_builds, waits, "Cancel what is not finished", "/cancel");
  add(Permission::bump_builds, waits, "Bump to the front", "/bump");
  return actions;
}

ApiJson next_url(const Compared& compared, const TargetQuestion& question, std::string url) {
  const auto end = question.from + compared.answer.targets.size();
  if (std::cmp_greater_equal(end, compared.answer.matching)) return nullptr;
  if (!question.filter.empty()) url += "&filter=" + url_part(question.filter);
  return url + "&from=" + std::to_string(end);
}

/// Causes are told between complete evaluations that differ.
ApiJson causes_url(const Compared& compared, const std::string& url) {
  if (!compared.base || compared.head.position == 0 || compared.base->position == 0) return nullptr;
  if (compared.base->id == compared.head.id) return nullptr;
  return url + "/causes" +
         (compared.base->id == compared.head.base
              ? std::string()
              : "?against=" + std::to_string(compared.base->id));
}

ApiJson evaluation_page(PageCall& call, SnapshotCache& snapshots) {
  const auto evaluation = call.get("/api/v1/evaluations/" + url_part(call.text("id")));
  const auto id = evaluation["id"].get<std::int64_t>();
  const auto url = "/eval/" + std::to_string(id);
  const TargetQuestion question{
      parse_target_group(call.parameter("show")), call.parameter("filter"),
      static_cast<std::size_t>(parse_number(call.parameter("from")).value_or(0)), kRows};
  const auto compared = compare(call, snapshots, id, question);
  const auto& answer = compared.answer;
  const auto kept = kept_parameters(call);
  const auto row = evaluation_row(evaluation, call.now);
  const auto& group = kTargetGroups.at(static_cast<std::size_t>(answer.group));
  ApiJson rows = ApiJson::array();
  for (const auto& pair : answer.targets) rows.push_back(target_view(pair));
  const auto errors =
      call.get("/api/v1/evaluations/" + std::to_string(id) + "/errors?limit=100")["errors"];
  const auto end = static_cast<std::int64_t>(question.from + answer.targets.size());
  return {
      {"title", "Evaluation " + std::to_string(id)},
      {"crumbs", crumbs(evaluation["project"], evaluation["jobset"])},
      {"url", url},
      {"apiUrl", "/api/v1/evaluations/" + std::to_string(id)},
      {"evaluation", row},
      {"running", evaluation["state"] == "running"},
      {"problem", evaluation["problem"]},
      {"actions", evaluation_actions(call, evaluation)},
      {"base", compared.base ? ApiJson(compared.base->id) : ApiJson()},
      {"baseUrl",
       compared.base ? ApiJson("/eval/" + std::to_string(compared.base->id)) : ApiJson()},
      {"causesUrl", causes_url(compared, url)},
      {"isOwnBase", compared.base && compared.base->id == compared.head.base},
      {"choices", choices_view(compared)},
      {"against", call.parameter("against")},
      {"equivalence", equivalence_text(compared)},
      {"show", group.key},
      {"shown", group.title},
      {"filter", question.filter},
      {"tabs", group_tabs(compared, url, kept)},
      {"rows", std::move(rows)},
      {"matching", plural(static_cast<std::size_t>(answer.matching), "target")},
      {"first", count_text(static_cast<std::int64_t>(question.from) + 1)},
      {"last", count_text(end)},
      {"isPart", !answer.targets.empty() && std::cmp_less(answer.targets.size(), answer.matching)},
      {"next", next_url(compared, question, url + "?show=" + std::string(group.key) + kept)},
      {"inputs", inputs_view(evaluation["inputs"], call.now)},
      {"errorCount", row["errors"]},
      {"errors", errors}};
}

}  // namespace

void add_evaluation_pages(Router& router, const PageSite& site) {
  const auto snapshots = std::make_shared<SnapshotCache>();
  add_page(router, site, "/eval/{id}", "evaluation",
           [snapshots](PageCall& call) { return evaluation_page(call, *snapshots); });
  add_page(router, site, "/eval/{id}/causes", "causes", causes_page);
}

}  // namespace grange
