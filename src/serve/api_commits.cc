#include <algorithm>

#include <nlohmann/json.hpp>

#include "record/commits.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/page_request.h"
#include "serve/problem.h"

namespace grange {
namespace {

/// The branches that the inputs of a jobset were, the last time that it was evaluated.
void add_branches(Database& database, std::int64_t jobset, const std::optional<std::string>& input,
                  const std::optional<std::string>& branch, std::vector<CommitBranch>& branches) {
  EvaluationHistory history(database);
  const auto last = history.of_jobset(jobset, 0, 1);
  if (last.empty()) return;
  for (const auto& used : history.inputs(last.front().id)) {
    if (used.type != "git" || (input && used.name != *input)) continue;
    // As people write it, or in full.
    const bool is_it = !branch || used.branch == *branch ||
                       used.branch == "refs/heads/" + *branch ||
                       used.branch == "refs/tags/" + *branch;
    if (is_it) branches.push_back({used.uri, used.branch});
  }
}

ServerResponse list_commits(ApiCall& call) {
  const auto project = call.parameter("project");
  const auto jobset = call.parameter("jobset");
  const auto input = call.parameter("input");
  if (!project) {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"project", "is missing: commits are of what the jobsets of a project follow"}});
  }
  if (input && !jobset) {
    throw InvalidFieldsError(
        InvalidFieldsError::Fields{{"jobset", "is missing: inputs are named within jobsets"}});
  }
  const auto limit = call.limit();
  const auto before = call.integer_parameter("before").value_or(0);
  const auto branch = call.parameter("branch");
  return api_answer(call.farm().database().read([&](Database& database) {
    std::vector<CommitBranch> branches;
    if (jobset) {
      add_branches(database, seen_jobset(call, database, *project, *jobset).jobset.id, input,
                   branch, branches);
    } else {
      const auto seen = seen_project(call, database, *project);
      for (const auto& one :
           seen_jobsets(call, database, Jobsets(database).of_project(seen.project.id))) {
        add_branches(database, one.id, input, branch, branches);
      }
    }
    auto rows = Commits(database).list(branches, before, limit + 1);
    const bool has_more = cut_to_page(rows, limit);
    ApiJson list = ApiJson::array();
    for (const auto& row : rows) list.push_back(api_commit(row));
    ApiJson page{{"commits", std::move(list)}};
    page["next"] = call.next("before", has_more, [&] { return std::to_string(rows.back().id); });
    return page;
  }));
}

}  // namespace

void add_commit_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/commits", list_commits);
}

}  // namespace grange
