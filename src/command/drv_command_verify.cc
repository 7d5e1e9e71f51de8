#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command/drv_command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "derivation/derivation_graph.h"

namespace grange {
namespace {

struct DrvVerifyOptions {
  DrvFileOptions files;
  bool json = false;
};

constexpr const char* kDrvVerifyFooter = R"(
Parses each file (and so strictly that every accepted text prints back byte for byte), recomputes
the store path that the text has and the path of every output, and compares both with what the
file's name and text state. The inputs of a file are found beside it; one that lies above a broken
or missing file cannot be checked in full and is counted as unchecked, not as a mismatch.

Prints a line 'FILE: what is wrong' per mismatch, where there are such 'K derivations unchecked: …',
and last 'N derivations, M mismatches'.

Examples:
  grange drv verify drvs/
  grange drv verify --store-dir /gnu/store *.drv

Exit codes:
  0 no mismatch and nothing unchecked · 1 otherwise · 64 usage · 66 no such file)";

/// A line on its file.
struct Finding {
  std::string file;
  std::string problem;
};

struct VerifyReport {
  std::size_t derivations = 0;
  std::vector<Finding> mismatches;
  std::vector<Finding> unchecked;
};

void verify_group(const DrvFileGroup& group, VerifyReport& report) {
  std::vector<StorePath> roots;
  roots.reserve(group.names.size());
  report.derivations += group.names.size();
  for (const auto& name : group.names) {
    auto path = StorePath::try_parse(name);
    if (path && path->is_derivation()) {
      roots.push_back(std::move(*path));
    } else {
      report.mismatches.push_back({group.shown(name), "its file name is not DIGEST-NAME.drv"});
    }
  }
  const auto graph =
      DerivationGraph::load(group.store, roots, group.files->reader(), {.check_own_paths = true});
  for (const auto& root : roots) {
    const auto index = graph.find(root).value();
    if (graph.state(index) == DerivationGraph::State::verified) continue;
    if (const auto broken = graph.broken_input(index)) {
      report.unchecked.push_back(
          {group.shown(root.base_name()), "below it, '" + graph.path(*broken).base_name() +
                                              "': " + std::string(graph.problem(*broken))});
    } else {
      report.mismatches.push_back(
          {group.shown(root.base_name()), std::string(graph.problem(index))});
    }
  }
}

std::string verify_report_text(const VerifyReport& report) {
  std::string text;
  for (const auto& mismatch : report.mismatches) {
    text += on_one_line(mismatch.file) + ": " + on_one_line(mismatch.problem) + "\n";
  }
  if (!report.unchecked.empty()) {
    text += std::to_string(report.unchecked.size()) +
            " derivations unchecked: something below them is broken or missing\n";
  }
  return text + std::to_string(report.derivations) + " derivations, " +
         std::to_string(report.mismatches.size()) + " mismatches\n";
}

std::string verify_report_json(const VerifyReport& report) {
  const auto findings = [](const std::vector<Finding>& list) {
    auto json = nlohmann::json::array();
    for (const auto& finding : list) {
      json.push_back({{"file", finding.file}, {"problem", finding.problem}});
    }
    return json;
  };
  const nlohmann::json json = {{"derivations", report.derivations},
                               {"mismatches", findings(report.mismatches)},
                               {"unchecked", findings(report.unchecked)}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// Which missing or broken files leave others unchecked, for people: the first few.
void explain_unchecked(const VerifyReport& report) {
  constexpr std::size_t kExplained = 5;
  const auto count = std::min(report.unchecked.size(), kExplained);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [file, problem] = report.unchecked[i];
    std::fprintf(stderr, "grange: unchecked: %s: %s\n", on_one_line(file).c_str(),
                 on_one_line(problem).c_str());
  }
  if (report.unchecked.size() > count) {
    std::fprintf(stderr, "grange: unchecked: … and %zu more\n", report.unchecked.size() - count);
  }
}

int run_drv_verify(const DrvVerifyOptions& options) {
  VerifyReport report;
  for (const auto& group : group_drv_files(options.files, true)) verify_group(group, report);
  print_result(options.json ? verify_report_json(report) : verify_report_text(report));
  explain_unchecked(report);
  return report.mismatches.empty() && report.unchecked.empty() ? kExitGood : kExitFailed;
}

}  // namespace

void add_drv_verify_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("verify", "Recompute all that .drv files state");
  auto options = std::make_shared<DrvVerifyOptions>();
  command->add_option("files", options->files.files, ".drv files, or directories of them")
      ->required()
      ->type_name("FILE|DIR");
  command->add_flag("--json", options->json, "Print one JSON object");
  add_store_dir_option(*command, options->files);
  command->footer(kDrvVerifyFooter);
  command->callback(
      [&chosen, options] { chosen = [options] { return run_drv_verify(*options); }; });
}

}  // namespace grange
