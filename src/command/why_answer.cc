#include "command/why_answer.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "compare/cause_path.h"
#include "compare/explanation_text.h"

namespace grange {
namespace {

/// The cause of this name, name without version, or path.
std::uint32_t find_cause(const ExplainedComparison& explained, const std::string& name) {
  const auto& causes = explained.explanation.causes;
  for (std::uint32_t i = 0; i < causes.size(); ++i) {
    const auto path = explained.graph.store_dir().print(causes[i].derivation);
    if (causes[i].name == name || path == name || causes[i].derivation.base_name() == name)
      return i;
  }
  for (std::uint32_t i = 0; i < causes.size(); ++i) {
    if (causes[i].name.starts_with(name + "-")) return i;
  }
  throw NotFoundError("'" + name + "' is not among the causes");
}

struct ReachingCause {
  std::uint32_t number;  ///< of the causes
  CausePath path;
};

std::vector<ReachingCause> reaching_causes(const ExplainedComparison& explained,
                                           DerivationIndex what) {
  std::vector<ReachingCause> reaching;
  const auto& causes = explained.changes.causes();
  for (std::uint32_t i = 0; i < causes.size(); ++i) {
    auto path = find_cause_path(explained.graph, explained.changes, what, causes[i].head);
    if (!path.derivations.empty()) reaching.push_back({i, std::move(path)});
  }
  return reaching;
}

std::string count_text(std::uint64_t count) {
  return count >= kManyPaths ? "very many paths" : plural(count, "path");
}

std::string path_line(const ExplainedComparison& explained, const CausePath& path) {
  std::string text;
  for (const auto index : path.derivations) {
    text += (text.empty() ? "" : " ← ") + std::string(explained.graph.derivation_name(index));
  }
  return text;
}

}  // namespace

std::string why_text(const ExplainedComparison& explained, const WhyQuestion& question) {
  const auto& changes = explained.changes;
  const auto& graph = explained.graph;
  std::string text = printable(question.shown);
  switch (changes.kind(question.what)) {
    case Changes::Kind::unchanged:
      return text + ": the base (" + question.base + ") promises the same\n";
    case Changes::Kind::fresh:
      text += ": new, nothing of the base stood in its place";
      break;
    case Changes::Kind::cause:
      text += ": changed, its own fields differ";
      break;
    case Changes::Kind::cascade:
      text += ": changed only through its inputs";
      break;
  }
  text += "; compared with " + question.base + "\n";
  const auto reaching = reaching_causes(explained, question.what);
  if (!question.path_to.empty()) {
    const auto cause = find_cause(explained, question.path_to);
    for (const auto& [number, path] : reaching) {
      if (number != cause) continue;
      text += count_text(path.count) + ", a shortest one:\n";
      for (const auto index : path.derivations) {
        text += "  " + graph.store_dir().print(graph.path(index)) + "\n";
      }
      return text;
    }
    throw NotFoundError("the cause '" + question.path_to + "' does not touch '" + question.shown +
                        "'");
  }
  Explanation own = explained.explanation;
  own.causes.clear();
  for (const auto& [number, path] : reaching) {
    own.causes.push_back(explained.explanation.causes[number]);
  }
  text += explanation_text(own, graph.store_dir());
  text += "paths:\n";
  for (const auto& [number, path] : reaching) {
    text += "  " + path_line(explained, path) + " (" + count_text(path.count) + ")\n";
  }
  return text;
}

std::string why_json(const ExplainedComparison& explained, const WhyQuestion& question) {
  static constexpr std::array<const char*, 4> kKinds = {"unchanged", "cause", "cascade", "new"};
  const auto& graph = explained.graph;
  const auto& changes = explained.changes;
  nlohmann::ordered_json json;
  json["drvPath"] = graph.store_dir().print(graph.path(question.what));
  if (const auto base = changes.counterpart(question.what)) {
    json["baseDrvPath"] = graph.store_dir().print(graph.path(*base));
  }
  json["base"] = question.base;
  json["kind"] = kKinds[static_cast<std::size_t>(changes.kind(question.what))];
  const auto causes = causes_json(explained.explanation, graph.store_dir());
  json["causes"] = nlohmann::ordered_json::array();
  for (const auto& [number, path] : reaching_causes(explained, question.what)) {
    auto cause = causes[number];
    cause["path"] = nlohmann::ordered_json::array();
    for (const auto index : path.derivations) {
      cause["path"].push_back(graph.store_dir().print(graph.path(index)));
    }
    cause["paths"] = path.count;
    json["causes"].push_back(std::move(cause));
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace grange
