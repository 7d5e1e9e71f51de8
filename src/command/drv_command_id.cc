#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command/drv_command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "derivation/derivation_graph.h"
#include "derivation/drv_output.h"

namespace grange {
namespace {

struct DrvIdOptions {
  DrvFileOptions files;
  bool json = false;
};

constexpr const char* kDrvIdFooter = R"(
For each output one line: PATH OUTPUT DRVOUTPUT OUTPUTSET
  PATH       of the derivation in its store
  DRVOUTPUT  sha256:…!OUTPUT, the id under which Nix 2.8 keeps realisations
  OUTPUTSET  what the derivation promises to produce: derivations with equal ones are equivalent
A '-' stands where there is none: an impure derivation, and what lies above one, has no output set.
All is recomputed from the texts, so the whole closure has to lie beside each file.

Examples:
  grange drv id 5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv
  grange drv id *.drv | awk '{print $4}' | sort | uniq -d     output sets with several recipes

Exit codes:
  0 all printed · 64 usage · 65 a file, or one below it, is missing or malformed (the others are
  printed) · 66 no such file)";

struct IdLine {
  std::string path;
  std::string output;
  std::string drv_output;
  std::string output_set;
};

/// Why a derivation has no ids, for people.
std::string reason_for_no_id(const DerivationGraph& graph, DerivationIndex index) {
  const auto broken = graph.broken_input(index);
  if (!broken) return std::string(graph.problem(index));
  return "below it, '" + graph.path(*broken).base_name() +
         "': " + std::string(graph.problem(*broken));
}

/// False when one of the group's files has no ids.
bool add_id_lines(const DrvFileGroup& group, std::vector<IdLine>& lines) {
  bool good = true;
  const auto complain = [&](const std::string& name, const std::string& problem) {
    good = false;
    std::fprintf(stderr, "grange: error: %s: %s\n", on_one_line(group.shown(name)).c_str(),
                 on_one_line(problem).c_str());
  };
  std::vector<StorePath> roots;
  for (const auto& name : group.names) {
    if (auto path = StorePath::try_parse(name)) {
      roots.push_back(std::move(*path));
    } else {
      complain(name, "its file name is not DIGEST-NAME.drv");
    }
  }
  const auto graph =
      DerivationGraph::load(group.store, roots, group.files->reader(), {.check_own_paths = true});
  for (const auto& root : roots) {
    const auto index = graph.find(root).value();
    if (graph.state(index) != DerivationGraph::State::verified) {
      complain(root.base_name(), reason_for_no_id(graph, index));
      continue;
    }
    const auto set = graph.output_set(index);
    const auto hash = graph.drv_output_hash(index);
    for (const auto& output : graph.output_names(index)) {
      lines.push_back({group.store.print(root), output,
                       hash ? DrvOutput{*hash, output}.to_string() : "-",
                       set ? set->to_string() : "-"});
    }
  }
  return good;
}

nlohmann::json ids_to_json(const std::vector<IdLine>& lines) {
  const auto or_null = [](const std::string& text) {
    return text == "-" ? nlohmann::json() : nlohmann::json(text);
  };
  auto json = nlohmann::json::array();
  for (const auto& line : lines) {
    json.push_back({{"path", line.path},
                    {"output", line.output},
                    {"drvOutput", or_null(line.drv_output)},
                    {"outputSet", or_null(line.output_set)}});
  }
  return json;
}

int run_drv_id(const DrvIdOptions& options) {
  bool good = true;
  std::vector<IdLine> lines;
  for (const auto& group : group_drv_files(options.files, false)) {
    good &= add_id_lines(group, lines);
  }
  std::string text;
  if (options.json) {
    text = ids_to_json(lines).dump(2) + "\n";
  } else {
    for (const auto& line : lines) {
      text += line.path + " " + line.output + " " + line.drv_output + " " + line.output_set + "\n";
    }
  }
  print_result(text);
  return good ? kExitGood : kExitData;
}

}  // namespace

void add_drv_id_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("id", "Print the ids of outputs and output sets");
  auto options = std::make_shared<DrvIdOptions>();
  command->add_option("drv", options->files.files, ".drv files")->required()->type_name("DRV");
  command->add_flag("--json", options->json, "Print a JSON array of objects");
  add_store_dir_option(*command, options->files);
  command->footer(kDrvIdFooter);
  command->callback([&chosen, options] { chosen = [options] { return run_drv_id(*options); }; });
}

}  // namespace grange
