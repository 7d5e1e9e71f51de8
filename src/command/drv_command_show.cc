#include <map>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "command/drv_command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "derivation/aterm.h"
#include "derivation/derivation_json.h"

namespace grange {
namespace {

struct DrvShowOptions {
  DrvFileOptions files;
  std::string format = "2";
};

constexpr const char* kDrvShowFooter = R"(
Prints one JSON object, by path of the .drv. Nothing is recomputed: what the file states is shown
(`grange drv verify` tells whether it is right). A file whose name is not DIGEST-NAME.drv is shown
under the path that its text has.

Formats:
  2        as `nix show-derivation` of Nix 2.8 prints it
  current  version 4, as upstream's `nix derivation show` prints it now

Examples:
  grange drv show 5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv
  grange drv show --format current *.drv | jq '.derivations[].env.name'

Exit codes:
  0 shown · 64 usage · 65 a file is malformed · 66 no such file)";

Derivation read_named_derivation(const DrvFileGroup& group, const std::string& name,
                                 StorePath& path) {
  const auto named = StorePath::try_parse(name);
  const auto text = group.files->read(name);
  if (!text) throw NotFoundError("file '" + group.shown(name) + "' does not exist");
  auto stem = std::string(named ? named->name() : name);
  if (!stem.ends_with(".drv")) {
    throw InvalidError("file '" + group.shown(name) + "' is not named NAME.drv");
  }
  stem.resize(stem.size() - 4);
  auto derivation = with_context([&] { return "in file '" + group.shown(name) + "'"; },
                                 [&] { return parse_aterm(group.store, stem, *text); });
  path = named ? *named : derivation_path(group.store, derivation, *text);
  return derivation;
}

int run_drv_show(const DrvShowOptions& options) {
  std::map<StoreDir, std::map<StorePath, Derivation>> derivations;
  for (const auto& group : group_drv_files(options.files, false)) {
    for (const auto& name : group.names) {
      StorePath path = StorePath::parse("00000000000000000000000000000000-x");
      auto derivation = read_named_derivation(group, name, path);
      derivations[group.store].insert_or_assign(path, std::move(derivation));
    }
  }
  if (derivations.size() != 1) {
    throw InvalidError("the files are of several stores: show them one store at a time");
  }
  const auto& [store, shown] = *derivations.begin();
  print_result(options.format == "2" ? print_show_derivation(store, shown)
                                     : print_derivations_json(shown));
  return kExitGood;
}

}  // namespace

void add_drv_show_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("show", "Print derivations as JSON");
  auto options = std::make_shared<DrvShowOptions>();
  command->add_option("drv", options->files.files, ".drv files")->required()->type_name("DRV");
  command->add_option("--format", options->format, "Which JSON")
      ->check(CLI::IsMember({"2", "current"}))
      ->capture_default_str();
  add_store_dir_option(*command, options->files);
  command->footer(kDrvShowFooter);
  command->callback([&chosen, options] { chosen = [options] { return run_drv_show(*options); }; });
}

}  // namespace grange
