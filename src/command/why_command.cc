#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/command.h"
#include "command/derivation_directory.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/explained_comparison.h"
#include "command/map_pair.h"
#include "command/state_directory.h"
#include "command/terminal_output.h"
#include "command/why_answer.h"
#include "farm/source_reader.h"

namespace grange {
namespace {

struct WhyOptions {
  MapPairOptions maps;
  std::string what;
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

/// The maps, or of both only the label where both have it: its closures are then all that is looked
/// at. What is new is looked for in all of the base.
MapPair maps_of(const WhyOptions& options) {
  const auto keep_only = [&](TargetMap& map) {
    std::erase_if(map.targets, [&](const auto& target) { return target.first != options.what; });
  };
  // A label may have a slash in it, but none stands for a derivation by its path.
  if (!options.what.starts_with('/')) {
    auto pair = read_map_pair(options.maps, options.what);
    if (pair.base.targets.contains(options.what) && pair.head.targets.contains(options.what)) {
      keep_only(pair.base);
      keep_only(pair.head);
      return pair;
    }
  }
  return read_map_pair(options.maps);
}

int run_why(const WhyOptions& options) {
  const auto maps = maps_of(options);
  const auto& store = maps.head.store_dir;
  auto root = default_eval_store_root() / std::filesystem::path(store.str()).relative_path();
  if (!options.derivations.empty()) root = options.derivations;
  const auto directory = DerivationDirectory(root);
  const auto sources = source_reader(root);
  const auto label = maps.head.targets.find(options.what);
  const bool is_label = label != maps.head.targets.end();
  const auto derivation =
      is_label ? std::optional(label->second.derivation) : store.try_parse_path(options.what);
  if (!derivation) {
    throw NotFoundError("the head has no target '" + options.what + "'");
  }
  const auto explained = explain_maps(maps.base, maps.head, store, directory.reader(), sources);
  const auto what = explained.graph.find(*derivation);
  if (!what) {
    if (is_label && maps.base.targets.contains(options.what)) {
      grange::print_result(printable(options.what) + ": the same derivation in the base (" +
                           maps.base_description + ")\n");
      return kExitGood;
    }
    throw NotFoundError("nothing of the head needs the derivation '" + store.print(*derivation) +
                        "', or everything is the same");
  }
  const WhyQuestion question{*what, options.what, maps.base_description, options.path_to};
  if (options.json) {
    print_answer(why_json(explained, question), {});
  } else {
    print_answer(why_text(explained, question), OutputStyle::of_stdout());
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
  add_selection_options(*command, options->maps.selection);
  add_base_options(*command, options->maps.base);
  command->add_option("--head", options->maps.head, "A target map to look at, or last")
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
