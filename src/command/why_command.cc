#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/base_options.h"
#include "command/command.h"
#include "command/derivation_directory.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/explained_comparison.h"
#include "command/explanation_text.h"
#include "command/selection_options.h"
#include "command/state_directory.h"
#include "command/terminal_output.h"
#include "compare/cause_path.h"
#include "derivation/target_map_file.h"
#include "farm/base_choice.h"
#include "farm/source_reader.h"
#include "process/process.h"
#include "record/record.h"

namespace grange {
namespace {

struct WhyOptions {
  SelectionOptions selection;
  BaseOptions base;
  std::string what;
  std::string head = "last";
  std::string derivations;
  std::string path_to;
  bool json = false;
};

constexpr const char* kWhyFooter = R"(
Tells why a target, or any derivation of the head, is not what it was in the base: the derivations
whose own fields differ, and how they reach it. The head is the last complete run of the selection
(or a target map, --head FILE), the base the run before it (or what --base names).

Examples:
  grange why hello
  grange why hello --path-to zlib
  grange why --base main.json --head pull-request.json --drvs drvs/ git
  grange why /nix/store/…-curl-7.42.1.drv --base merge-base:origin/main

Exit codes:
  0 told · 64 usage · 65 a malformed map · 66 there is no such target, derivation, cause or run)";

struct Sides {
  TargetMap base, head;
  std::string base_description;
};

/// The maps that were asked for; those of the record by its selection.
Sides sides_of(const WhyOptions& options) {
  Sides sides;
  const auto choice = base_choice_of(options.base);
  const bool files = options.head != "last" && choice.kind == BaseChoice::Kind::named &&
                     std::filesystem::exists(choice.name);
  if (files || (options.head != "last" && choice.kind == BaseChoice::Kind::file)) {
    sides.base = read_target_map_file(choice.name);
    sides.head = read_target_map_file(options.head);
    sides.base_description = "the map '" + choice.name + "'";
    return sides;
  }
  const auto file = default_record_file(default_state_directory());
  if (!std::filesystem::exists(file)) {
    throw NotFoundError("nothing was ever run here: there is no record '" + file.string() + "'");
  }
  const auto record = Record::open(file);
  const auto selection = selection_of(options.selection);
  std::optional<std::int64_t> before;
  if (options.head == "last") {
    auto last = record->last_complete(selection.canonical());
    if (!last) {
      throw NotFoundError("there is no complete run of this selection: " + selection.canonical());
    }
    before = last->id;
    sides.head = std::move(last->map);
  } else {
    sides.head = read_target_map_file(options.head);
  }
  if (choice.kind == BaseChoice::Kind::last) {
    auto base = record->last_complete(selection.canonical(), before);
    if (!base) {
      throw NotFoundError("there is no complete run before the last one; name a base with --base");
    }
    sides.base_description = "run " + std::to_string(base->id);
    sides.base = std::move(base->map);
    return sides;
  }
  SystemProcessRunner programs;
  auto base = choose_base(choice, selection, look_at_source(selection, programs, {}), *record,
                          SystemClock().now());
  if (!base.map) throw NotFoundError("there is no base: " + base.description);
  sides.base = std::move(*base.map);
  sides.base_description = base.description;
  return sides;
}

/// Only one label of a map: its closure is all that is looked at.
TargetMap only(const TargetMap& map, const std::string& label) {
  TargetMap result;
  result.store_dir = map.store_dir;
  result.complete = map.complete;
  const auto found = map.targets.find(label);
  if (found != map.targets.end()) result.targets.insert(*found);
  return result;
}

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

std::string why_text(const WhyOptions& options, const Sides& sides,
                     const ExplainedComparison& explained, DerivationIndex what) {
  const auto& changes = explained.changes;
  const auto& graph = explained.graph;
  std::string text = printable(options.what);
  switch (changes.kind(what)) {
    case Changes::Kind::unchanged:
      return text + ": the base (" + sides.base_description + ") promises the same\n";
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
  text += "; compared with " + sides.base_description + "\n";
  std::vector<std::pair<std::uint32_t, CausePath>> reaching;
  for (std::uint32_t i = 0; i < changes.causes().size(); ++i) {
    auto path = find_cause_path(graph, changes, what, changes.causes()[i].head);
    if (!path.derivations.empty()) reaching.emplace_back(i, std::move(path));
  }
  if (!options.path_to.empty()) {
    const auto cause = find_cause(explained, options.path_to);
    for (const auto& [number, path] : reaching) {
      if (number != cause) continue;
      text += count_text(path.count) + ", a shortest one:\n";
      for (const auto index : path.derivations) {
        text += "  " + graph.store_dir().print(graph.path(index)) + "\n";
      }
      return text;
    }
    throw NotFoundError("the cause '" + options.path_to + "' does not touch '" + options.what +
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

std::string why_json(const Sides& sides, const ExplainedComparison& explained,
                     DerivationIndex what) {
  static constexpr std::array<const char*, 4> kKinds = {"unchanged", "cause", "cascade", "new"};
  const auto& graph = explained.graph;
  const auto& changes = explained.changes;
  nlohmann::ordered_json json;
  json["drvPath"] = graph.store_dir().print(graph.path(what));
  if (const auto base = changes.counterpart(what)) {
    json["baseDrvPath"] = graph.store_dir().print(graph.path(*base));
  }
  json["base"] = sides.base_description;
  json["kind"] = kKinds[static_cast<std::size_t>(changes.kind(what))];
  const auto causes = causes_json(explained.explanation, graph.store_dir());
  json["causes"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < causes.size(); ++i) {
    const auto path = find_cause_path(graph, changes, what, changes.causes()[i].head);
    if (path.derivations.empty()) continue;
    auto cause = causes[i];
    cause["path"] = nlohmann::ordered_json::array();
    for (const auto index : path.derivations) {
      cause["path"].push_back(graph.store_dir().print(graph.path(index)));
    }
    cause["paths"] = path.count;
    json["causes"].push_back(std::move(cause));
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

int run_why(const WhyOptions& options) {
  auto sides = sides_of(options);
  const auto& store = sides.head.store_dir;
  auto root = default_eval_store_root() / std::filesystem::path(store.str()).relative_path();
  if (!options.derivations.empty()) root = options.derivations;
  const auto directory = DerivationDirectory(root);
  const auto sources = source_reader(root);
  const bool is_label = sides.head.targets.contains(options.what);
  if (is_label && sides.base.targets.contains(options.what)) {
    sides.base = only(sides.base, options.what);
    sides.head = only(sides.head, options.what);
  }
  const auto derivation = is_label ? std::optional(sides.head.targets.at(options.what).derivation)
                                   : store.try_parse_path(options.what);
  if (!derivation) {
    throw NotFoundError("the head has no target '" + options.what + "'");
  }
  const auto explained = explain_maps(sides.base, sides.head, store, directory.reader(), sources);
  const auto what = explained.graph.find(*derivation);
  if (!what) {
    if (is_label && sides.base.targets.contains(options.what)) {
      grange::print_result(printable(options.what) + ": the same derivation in the base (" +
                           sides.base_description + ")\n");
      return kExitGood;
    }
    throw NotFoundError("nothing of the head needs the derivation '" + store.print(*derivation) +
                        "', or everything is the same");
  }
  if (options.json) {
    print_answer(why_json(sides, explained, *what), {});
  } else {
    print_answer(why_text(options, sides, explained, *what), OutputStyle::of_stdout());
  }
  return kExitGood;
}

}  // namespace

void add_why_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("why", "Tell why a target or a derivation changed");
  auto options = std::make_shared<WhyOptions>();
  command->add_option("what", options->what, "A label, or the path of a .drv")
      ->required()
      ->type_name("LABEL|DRV");
  add_selection_options(*command, options->selection);
  add_base_options(*command, options->base);
  command->add_option("--head", options->head, "A target map to look at, or last")
      ->type_name("FILE|last")
      ->capture_default_str();
  command->add_option("--drvs", options->derivations, "Directory that holds the .drv files")
      ->type_name("DIR");
  command->add_option("--path-to", options->path_to, "Only how this cause reaches it")
      ->type_name("CAUSE");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(kWhyFooter);
  command->callback([&chosen, options] { chosen = [options] { return run_why(*options); }; });
}

}  // namespace grange
