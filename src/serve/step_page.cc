#include "serve/step_page.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include <nlohmann/json.hpp>

#include "serve/api_json.h"
#include "serve/api_sight.h"
#include "serve/page_request.h"

namespace grange {
namespace {

/// So many pages are looked through for what is not hidden.
constexpr int kHiddenPages = 50;
/// Where no index knows which steps are asked for, it looks at so many at most.
constexpr std::int64_t kMostLookedAt = 50'000;

/// Few of all steps may be like this, and nothing leads to them.
bool must_look(const StepQuery& query) {
  const bool is_led = query.build || query.output_set || query.running == true;
  const bool has_rest = query.system || query.machine;
  const bool is_failure = query.outcome && query.outcome != Outcome::good;
  return !is_led && has_rest && (is_failure || query.system || query.outcome);
}

/// Which steps somebody sees: as sees_step says, with one question for the builds of many.
class StepSight {
 public:
  StepSight(const ApiCall& call, Database& database)
      : database_(database), sight_(call, database), sees_all_(sees_all(call)) {}

  void look_at(const std::vector<StepRow>& steps) {
    if (sight_.sees_everything()) return;
    std::set<std::int64_t> asked;
    for (const auto& step : steps) {
      if (step.build != 0 && !jobsets_.contains(step.build)) asked.insert(step.build);
    }
    const std::vector<std::int64_t> ids(asked.begin(), asked.end());
    for (const auto& build : Builds(database_).find(std::span(ids))) {
      jobsets_[build.id] = build.jobset;
    }
  }
  bool sees(const StepRow& step) {
    if (step.build == 0) return sees_all_;
    if (sight_.sees_everything()) return true;
    const auto found = jobsets_.find(step.build);
    return found != jobsets_.end() && sight_.sees_jobset(found->second);
  }

 private:
  Database& database_;
  Sight sight_;
  const bool sees_all_;
  std::map<std::int64_t, std::int64_t> jobsets_;  ///< by build
};

}  // namespace

ApiJson step_page(const ApiCall& call, Database& database, StepQuery query, std::size_t limit) {
  query.limit = limit + 1;
  if (must_look(query)) {
    if (!query.before) query.before = Steps(database).last_id() + 1;
    query.from = std::max<std::int64_t>(1, *query.before - kMostLookedAt);
  }
  std::vector<StepRow> shown;
  StepSight sight(call, database);
  bool goes_on = true;
  for (int pages = 0; goes_on && shown.size() <= limit && pages < kHiddenPages; ++pages) {
    const auto rows = Steps(database).list(query);
    goes_on = rows.size() == query.limit;
    sight.look_at(rows);
    for (const auto& row : rows) {
      query.before = row.id;
      if (sight.sees(row)) shown.push_back(row);
    }
  }
  if (!goes_on && query.from.value_or(1) > 1) {
    goes_on = true;
    query.before = query.from;
  }
  const bool has_more = cut_to_page(shown, limit);
  ApiJson list = ApiJson::array();
  for (const auto& row : shown) list.push_back(api_step(row));
  ApiJson page{{"steps", std::move(list)}};
  page["next"] = call.next("before", has_more || goes_on, [&] {
    return std::to_string(has_more ? shown.back().id : query.before.value());
  });
  return page;
}

}  // namespace grange
