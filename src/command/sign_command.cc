#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "base/error.h"
#include "base/signature.h"
#include "base/text.h"
#include "command/command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/named_store.h"

namespace grange {
namespace {

struct SignOptions {
  std::vector<std::string> paths;
  std::vector<std::string> keys;
  std::string store;
  bool recursive = false;
};

constexpr const char* kSignFooter = R"(
Adds a signature by each key to what the store knows of the paths. Those that it has already are
left as they are.

Examples:
  grange sign --key secret ./result
  grange sign --key old --key new --recursive --store file:///srv/cache /nix/store/…-hello

Exit codes:
  0 signed · 64 usage · 65 no key, or no store path · 66 no such path or file · 77 denied)";

/// The paths, or their closure.
std::map<StorePath, PathInfo> infos_of(Store& store, std::set<StorePath> asked, bool recursive) {
  std::map<StorePath, PathInfo> infos;
  while (!asked.empty()) {
    const auto found = store.path_infos(asked);
    std::set<StorePath> next;
    for (const auto& path : asked) {
      const auto at = found.find(path);
      if (at == found.end()) {
        throw NotFoundError("path '" + store.store_dir().print(path) + "' is not in " +
                            store.describe());
      }
      infos.emplace(path, at->second);
      if (!recursive) continue;
      for (const auto& reference : at->second.references) {
        if (!infos.contains(reference) && !asked.contains(reference)) next.insert(reference);
      }
    }
    asked = std::move(next);
  }
  return infos;
}

int run_sign(const SignOptions& options) {
  std::vector<SecretKey> keys;
  for (const auto& file : options.keys) keys.push_back(read_secret_key(file));
  const auto store = open_named_store(options.store, true);
  std::set<StorePath> paths;
  for (const auto& argument : options.paths) paths.insert(parse_path_of_store(*store, argument));
  std::size_t added = 0;
  const auto infos = infos_of(*store, paths, options.recursive);
  for (const auto& [path, info] : infos) {
    const auto fingerprint = path_fingerprint(store->store_dir(), info);
    std::vector<std::string> signatures;
    for (const auto& key : keys) signatures.push_back(key.sign(fingerprint));
    added += store->add_signatures(path, signatures);
  }
  grange::print_result(
      fmt::format("added {} to {}\n", plural(added, "signature"), plural(infos.size(), "path")));
  return kExitGood;
}

}  // namespace

void add_sign_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("sign", "Sign paths of a store");
  const auto options = std::make_shared<SignOptions>();
  command->add_option("paths", options->paths, "Store paths")->required()->type_name("PATH");
  command->add_option("--key", options->keys, "A file that holds a secret key; may be repeated")
      ->required()
      ->allow_extra_args(false)
      ->type_name("FILE");
  command
      ->add_option("--store", options->store,
                   "A store: URL or directory (default: in the state directory)")
      ->type_name("STORE");
  command->add_flag("-r,--recursive", options->recursive, "Also sign what they refer to");
  command->footer(kSignFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_sign(*options); }; });
}

}  // namespace grange
