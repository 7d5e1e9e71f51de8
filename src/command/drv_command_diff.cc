#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/compare_report.h"
#include "command/drv_command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/explained_comparison.h"
#include "command/terminal_output.h"
#include "compare/explanation_text.h"
#include "farm/source_reader.h"

namespace grange {
namespace {

struct DrvDiffOptions {
  std::string base, head;
  std::string store_dir;
  bool json = false;
};

constexpr const char* kDrvDiffFooter = R"(
Compares any two derivations as if the second stood in the place of the first. Inputs are found
beside each file.

Examples:
  grange drv diff old/…-curl-7.42.1.drv new/…-curl-7.42.1.drv
  grange drv diff --json a.drv b.drv | jq '.causes[].fields'

Exit codes:
  0 told, whatever it is · 64 usage · 65 a file is malformed · 66 no such file)";

/// A map of one label for one file.
TargetMap map_of(const DrvFileGroup& group, const std::string& label) {
  const auto& name = group.names.front();
  const auto path = StorePath::try_parse(name);
  if (!path || !path->is_derivation()) {
    throw InvalidError("file '" + group.shown(name) + "' is not named DIGEST-NAME.drv");
  }
  TargetMap map;
  map.store_dir = group.store;
  map.complete = true;
  map.targets.emplace(label, Target{{label}, *path, "", "", {}, std::nullopt, Outcome::unknown});
  return map;
}

DrvFileGroup group_of(const std::string& file, const std::string& store_dir) {
  DrvFileOptions options;
  options.files = {file};
  options.store_dir = store_dir;
  return group_drv_files(options, false).front();
}

std::string_view relation(const ExplainedComparison& explained, const StorePath& head) {
  switch (explained.comparison.targets.front().verdict) {
    case Verdict::same:
      return "the same derivation";
    case Verdict::equivalent:
      return "equivalent: they promise the same outputs";
    default:
      break;
  }
  const auto index = explained.graph.find(head);
  return index && explained.changes.kind(*index) == Changes::Kind::cascade
             ? "they differ only through their inputs"
             : "their own fields differ";
}

int run_drv_diff(const DrvDiffOptions& options) {
  const auto base_group = group_of(options.base, options.store_dir);
  const auto head_group = group_of(options.head, options.store_dir);
  const std::string label = "derivation";
  const auto base = map_of(base_group, label);
  const auto head = map_of(head_group, label);
  if (base.store_dir != head.store_dir) {
    throw InvalidError("the derivations are of different stores: '" + base.store_dir.str() +
                       "' and '" + head.store_dir.str() + "'");
  }
  const auto read_head = head_group.files->reader();
  const auto read_base = base_group.files->reader();
  const DerivationReader read = [&](const StorePath& path, std::string& text) {
    return read_base(path, text) || read_head(path, text);
  };
  const auto source_directory = [](const DrvFileGroup& group) {
    return source_reader(group.directory.empty() ? "." : group.directory);
  };
  const SourceReader sources = [from_base = source_directory(base_group),
                                from_head = source_directory(head_group)](const StorePath& path,
                                                                          std::string& content) {
    return from_base(path, content) || from_head(path, content);
  };
  const auto explained = explain_maps(base, head, base.store_dir, read, sources);
  const CompareReport report{base, head, base.store_dir, explained.comparison,
                             &explained.explanation};
  if (options.json) {
    print_result(compare_report_json(report));
    return kExitGood;
  }
  const auto& target = head.targets.at(label).derivation;
  print_answer(std::string(relation(explained, target)) + "\n" +
                   explanation_text(explained.explanation, base.store_dir) +
                   rewritten_text(explained.comparison, base.store_dir),
               OutputStyle::of_stdout());
  return kExitGood;
}

}  // namespace

void add_drv_diff_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("diff", "Tell how two derivations differ, and why");
  auto options = std::make_shared<DrvDiffOptions>();
  command->add_option("base", options->base, "A .drv file")->required()->type_name("A");
  command->add_option("head", options->head, "Another one")->required()->type_name("B");
  command
      ->add_option("--store-dir", options->store_dir,
                   "Logical store directory (default: what the files themselves say)")
      ->type_name("DIR");
  command->add_flag("--json", options->json, "Print one JSON object, as grange compare does");
  command->footer(kDrvDiffFooter);
  command->callback([&chosen, options] { chosen = [options] { return run_drv_diff(*options); }; });
}

}  // namespace grange
