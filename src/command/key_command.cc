#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/signature.h"
#include "base/stream.h"
#include "command/command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"

namespace grange {
namespace {

struct KeyOptions {
  std::string name;
  std::string file;
};

constexpr std::uint64_t kLargestKeyText = std::uint64_t{64} << 10;

constexpr const char* kKeyFooter = R"(
Keys are those of Nix: a name, ':' and base 64. The name says in every signature which key made it;
that of a cache's host with a number is usual, so that a key can be replaced.

Examples:
  grange key generate cache.example.org-1 --file secret
  grange key public secret                     what readers put into trusted-public-keys
  grange key generate test | grange key public

Exit codes:
  0 printed · 64 usage · 65 no key · 66 no such file · 77 the file is there already)";

int run_generate(const KeyOptions& options) {
  const auto key = SecretKey::generate(options.name);
  if (options.file.empty()) {
    grange::print_result(key.to_string() + "\n");
    return kExitGood;
  }
  FileDescriptor file;
  try {
    file = open_file(options.file, O_WRONLY | O_CREAT | O_EXCL, 0600);
  } catch (const SystemError&) {
    if (::access(options.file.c_str(), F_OK) != 0) throw;
    throw DeniedError("'" + options.file + "' is there already: a key is never replaced");
  }
  FdSink(file.get()).write(key.to_string() + "\n");
  grange::print_result(key.public_key().to_string() + "\n");
  return kExitGood;
}

int run_public(const KeyOptions& options) {
  FdSource input(STDIN_FILENO);
  const auto key = options.file.empty() || options.file == "-"
                       ? SecretKey::parse(read_all(input, kLargestKeyText))
                       : read_secret_key(options.file);
  grange::print_result(key.public_key().to_string() + "\n");
  return kExitGood;
}

}  // namespace

void add_key_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("key", "Make keys that sign paths and realisations");
  command->require_subcommand(1);
  command->footer(kKeyFooter);
  const auto options = std::make_shared<KeyOptions>();
  auto* generate = command->add_subcommand("generate", "Make a key and print it");
  generate->add_option("name", options->name, "What its signatures are known by")
      ->required()
      ->type_name("NAME");
  generate
      ->add_option("--file", options->file,
                   "Write the secret key here, for its owner only, and print the public one")
      ->type_name("FILE");
  generate->footer(kKeyFooter);
  generate->callback([options, &chosen] { chosen = [options] { return run_generate(*options); }; });
  auto* public_key = command->add_subcommand("public", "Print the public key of a secret one");
  public_key->add_option("file", options->file, "The secret key (default: standard input)")
      ->type_name("FILE");
  public_key->footer(kKeyFooter);
  public_key->callback([options, &chosen] { chosen = [options] { return run_public(*options); }; });
}

}  // namespace grange
