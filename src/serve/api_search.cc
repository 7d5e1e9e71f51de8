#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/derivations.h"
#include "record/search.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/api_sight.h"
#include "serve/search_text.h"

namespace grange {
namespace {

constexpr std::size_t kLongestQuery = 300;
/// So many labels are looked through for those that contain the text, in the jobsets that were
/// evaluated last.
constexpr std::size_t kSearchedLabels = 40'000;
constexpr std::size_t kSearchedJobsets = 200;

/// One search, whose parts are found one after the other.
class Search {
 public:
  Search(const ApiCall& call, Database& database, SearchText text, std::size_t limit)
      : call_(call), database_(database), text_(std::move(text)), limit_(limit) {}

  ApiJson run() {
    jobsets_ = seen_jobsets(call_, database_, Jobsets(database_).all());
    for (const auto& jobset : jobsets_) by_id_[jobset.id] = &jobset;
    ApiJson found{{"direct", nullptr}};
    found["projects"] = projects();
    found["jobsets"] = jobsets();
    bool is_whole = true;
    found["targets"] = targets(is_whole);
    found["allTargets"] = is_whole;
    found["derivations"] = derivations();
    found["builds"] = builds();
    found["outputSets"] = output_sets();
    found["commits"] = commits();
    found["direct"] = direct(found);
    return found;
  }

 private:
  bool fits(const std::string& text) const { return contains_ignoring_case(text, text_.words); }

  ApiJson projects() {
    ApiJson list = ApiJson::array();
    Projects projects(database_);
    for (const auto& project : projects.all()) {
      if (list.size() == limit_) break;
      const auto& settings = project.settings;
      if (!fits(settings.name) && !fits(settings.display_name) && !fits(settings.description)) {
        continue;
      }
      const ProjectFacts facts{
          settings.hidden, settings.owner,
          settings.hidden ? projects.members(project.id) : std::vector<std::string>()};
      if (may(call_.identity, Permission::read, &facts)) list.push_back(api_project(project));
    }
    return list;
  }

  ApiJson jobsets() {
    ApiJson list = ApiJson::array();
    for (const auto& jobset : jobsets_) {
      if (list.size() == limit_) break;
      if (fits(jobset.full_name()) || fits(jobset.settings.description)) {
        list.push_back(api_jobset(jobset));
      }
    }
    return list;
  }

  /// Those that begin with the text before those that contain it.
  ApiJson targets(bool& is_whole) {
    std::vector<const Jobset*> newest;
    for (const auto& jobset : jobsets_) newest.push_back(&jobset);
    std::sort(newest.begin(), newest.end(), [](const Jobset* a, const Jobset* b) {
      return a->status.last_checked > b->status.last_checked;
    });
    is_whole = newest.size() <= kSearchedJobsets;
    if (!is_whole) newest.resize(kSearchedJobsets);
    std::vector<EvaluationRow> evaluations;
    for (const auto* jobset : newest) {
      auto last = EvaluationHistory(database_).last_complete(jobset->id);
      if (last) evaluations.push_back(*std::move(last));
    }
    LabelSearch search(database_, text_.words, kSearchedLabels);
    std::vector<std::pair<std::int64_t, TargetRow>> found;
    const auto look = [&](auto by) {
      for (const auto& evaluation : evaluations) {
        if (found.size() >= limit_) break;
        for (auto& row : (search.*by)(evaluation, limit_ - found.size())) {
          found.emplace_back(evaluation.jobset, std::move(row));
        }
      }
    };
    look(&LabelSearch::beginning);
    // Nobody looks for a part of a label by a whole digest.
    if (!text_.is_whole_digest()) look(&LabelSearch::containing);
    is_whole = is_whole && search.is_whole() && found.size() < limit_;
    std::vector<std::int64_t> ids;
    for (const auto& [jobset, row] : found) ids.push_back(row.build);
    const auto standings = Builds(database_).standings(ids);
    ApiJson list = ApiJson::array();
    for (const auto& [jobset, row] : found) {
      const auto standing = standings.find(row.build);
      const bool ended = standing != standings.end() && standing->second.outcome;
      list.push_back(
          {{"project", by_id_.at(jobset)->project_name},
           {"jobset", by_id_.at(jobset)->settings.name},
           {"label", row.label},
           {"build", row.build},
           {"outcome", ended ? ApiJson(to_string(*standing->second.outcome)) : ApiJson()}});
    }
    return list;
  }

  ApiJson derivations() {
    ApiJson list = ApiJson::array();
    if (!text_.is_whole_store_digest()) return list;
    auto path = text_.path;
    if (!path) path = StorePath::try_parse(text_.store_digits + "-x");
    const auto found = path ? Derivations(database_).find(*path) : std::nullopt;
    if (!found || !Sight(call_, database_).sees_derivation(*found)) return list;
    list.push_back(
        {{"id", found->id}, {"derivation", found->path.base_name()}, {"system", found->system}});
    return list;
  }

  /// With an output like this.
  ApiJson builds() {
    ApiJson list = ApiJson::array();
    if (text_.store_digits.empty()) return list;
    for (const auto& build :
         Builds(database_).with_output(text_.store_digits, sees_all(call_), limit_)) {
      const auto of = by_id_.find(build.jobset);
      auto view = api_build(build, of == by_id_.end() ? nullptr : of->second);
      ApiJson outputs = ApiJson::object();
      for (const auto& [name, path] : Builds(database_).outputs(build.id)) {
        outputs[name] = call_.farm().workshop().config().store_dir.print(path);
      }
      view["outputs"] = std::move(outputs);
      list.push_back(std::move(view));
    }
    return list;
  }

  ApiJson output_sets() {
    ApiJson list = ApiJson::array();
    const auto bytes = base16_decode(text_.digits.substr(0, text_.digits.size() / 2 * 2));
    if (text_.digits.empty() || !bytes) return list;
    Sight sight(call_, database_);
    for (const auto& id : output_sets_beginning(database_, ByteView(*bytes), limit_)) {
      const auto name = id.to_string();
      if (name.starts_with(text_.digits) && sight.sees_output_set(id)) list.push_back(name);
    }
    return list;
  }

  ApiJson commits() {
    ApiJson list = ApiJson::array();
    if (text_.digits.empty() || text_.digits.size() > 40) return list;
    // Some more than that, in case some are hidden.
    for (const auto& found : evaluated_revisions(database_, text_.digits, 5 * limit_)) {
      const auto of = by_id_.find(found.jobset);
      if (of == by_id_.end()) continue;
      if (list.size() == limit_) break;
      const auto commit = Commits(database_).find({found.uri, found.branch}, found.revision);
      list.push_back({{"revision", found.revision},
                      {"evaluation", found.evaluation},
                      {"project", of->second->project_name},
                      {"jobset", of->second->settings.name},
                      {"input", found.input},
                      {"subject", commit ? ApiJson(commit->subject) : ApiJson()},
                      {"author", commit ? ApiJson(commit->author) : ApiJson()}});
    }
    return list;
  }

  /// What a whole digest, path or commit names.
  ApiJson direct(const ApiJson& found) const {
    const auto one = [](std::string_view kind, const ApiJson& id) -> ApiJson {
      return {{"kind", kind}, {"id", id}};
    };
    if (text_.is_whole_store_digest() && !found["derivations"].empty()) {
      return one("derivation", found["derivations"].front()["derivation"]);
    }
    if (text_.is_whole_store_digest() && !found["builds"].empty()) {
      for (const auto& [name, path] : found["builds"].front()["outputs"].items()) {
        const auto& text = path.get_ref<const std::string&>();
        const auto base = text.substr(text.rfind('/') + 1);
        if (base.starts_with(text_.store_digits)) return one("path", base);
      }
    }
    if (text_.is_whole_output_set() && !found["outputSets"].empty()) {
      return one("outputSet", found["outputSets"].front());
    }
    if (text_.is_whole_commit() && !found["commits"].empty()) {
      return one("evaluation", found["commits"].front()["evaluation"].dump());
    }
    return nullptr;
  }

  const ApiCall& call_;
  Database& database_;
  const SearchText text_;
  const std::size_t limit_;
  std::vector<Jobset> jobsets_;
  std::map<std::int64_t, const Jobset*> by_id_;
};

ServerResponse get_search(ApiCall& call) {
  const auto text = call.parameter("query").value_or("");
  if (text.size() > kLongestQuery) {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"query", "is longer than " + std::to_string(kLongestQuery) + " characters"}});
  }
  const auto store_dir = call.farm().workshop().config().store_dir.str();
  auto search = SearchText::parse(text, store_dir);
  if (search.words.empty()) {
    throw InvalidFieldsError(InvalidFieldsError::Fields{{"query", "is missing"}});
  }
  const auto limit = call.limit(20, 100);
  return api_answer(call.farm().database().read(
      [&](Database& database) { return Search(call, database, search, limit).run(); }));
}

}  // namespace

void add_search_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/search", get_search);
}

}  // namespace grange
