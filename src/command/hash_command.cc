#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "store/content_check.h"

namespace grange {
namespace {

struct HashCommandOptions {
  std::vector<std::string> arguments;
  std::string algorithm;
  std::string format = "sri";
  bool json = false;
};

constexpr const char* kExitCodes = R"(
Exit codes:
  0 done · 64 usage · 65 malformed or not hashable · 66 no such path · 77 not permitted)";

HashFormat parse_format(const std::string& text) {
  if (text == "base16") return HashFormat::base16;
  if (text == "nix32" || text == "base32") return HashFormat::nix32;
  if (text == "base64") return HashFormat::base64;
  GRANGE_CHECK(text == "sri");  // the option takes nothing else
  return HashFormat::sri;
}

std::optional<HashAlgorithm> parse_algorithm(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return parse_hash_algorithm(text);  // the option takes known names only
}

/// One line per argument; with --json one object whose keys are the arguments.
template <typename ToHash>
int print_hashes(const HashCommandOptions& options, ToHash&& to_hash) {
  const HashFormat format = parse_format(options.format);
  auto json = nlohmann::json::object();
  for (const auto& argument : options.arguments) {
    const std::string digits = to_hash(argument).digits(format);
    if (options.json) {
      json[argument] = digits;
    } else {
      std::printf("%s\n", digits.c_str());
    }
  }
  if (options.json) {
    const auto text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::printf("%s\n", text.c_str());
  }
  return kExitGood;
}

int run_hash_content(const HashCommandOptions& options, ContentMethod method) {
  const auto algorithm = parse_algorithm(options.algorithm).value_or(HashAlgorithm::sha256);
  return print_hashes(options, [&](const std::string& argument) {
    std::filesystem::path path = argument;
    if (method == ContentMethod::flat) {  // a link to a file is as good as the file
      std::error_code error;
      const auto followed = std::filesystem::canonical(path, error);
      if (!error) path = followed;
    }
    return hash_content(path, {method, algorithm});
  });
}

int run_hash_convert(const HashCommandOptions& options) {
  const auto algorithm = parse_algorithm(options.algorithm);
  return print_hashes(options,
                      [&](const std::string& text) { return Hash::parse(text, algorithm); });
}

void add_options(CLI::App& command, HashCommandOptions& options, const char* name,
                 const char* description, const char* format_option) {
  command.add_option(name, options.arguments, description)->required();
  command.add_option("--algorithm,--type", options.algorithm, "md5, sha1, sha256 or sha512")
      ->type_name("ALGO")
      ->check(CLI::IsMember({"md5", "sha1", "sha256", "sha512"}));
  command.add_option(format_option, options.format, "sri (default), base16, nix32 or base64")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"sri", "base16", "nix32", "base32", "base64"}));
  command.add_flag("--json", options.json, "One object: argument → hash");
}

}  // namespace

void add_hash_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("hash", "Hash paths and files, convert hashes");
  command->require_subcommand(1);
  command->footer(R"(
Examples:
  grange hash path ./tree
  grange hash file --format base16 source.tar.gz
  grange hash convert --to nix32 sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=)");
  const auto options = std::make_shared<HashCommandOptions>();

  auto* path = command->add_subcommand("path", "The hash of a path's NAR (default: SHA-256)");
  add_options(*path, *options, "PATH", "File, symlink or directory", "--format");
  path->footer(std::string("\nExamples:\n  grange hash path ./tree\n"
                           "  grange hash path --algorithm sha1 --format nix32 ./tree\n") +
               kExitCodes);
  path->callback([options, &chosen] {
    chosen = [options] { return run_hash_content(*options, ContentMethod::recursive); };
  });

  auto* file = command->add_subcommand("file", "The hash of a file's bytes (default: SHA-256)");
  add_options(*file, *options, "FILE", "Regular file", "--format");
  file->footer(std::string("\nExamples:\n  grange hash file source.tar.gz\n"
                           "  grange hash file --json *.patch\n") +
               kExitCodes);
  file->callback([options, &chosen] {
    chosen = [options] { return run_hash_content(*options, ContentMethod::flat); };
  });

  auto* convert = command->add_subcommand("convert", "Write a hash in another form");
  add_options(*convert, *options, "HASH",
              "ALGO:DIGITS, ALGO-BASE64, or bare digits with --algorithm", "--to");
  convert->footer(std::string("\nExamples:\n  grange hash convert --to base16 "
                              "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\n"
                              "  grange hash convert --algorithm md5 5d41402abc4b2a76b9719d911017"
                              "c592\n") +
                  kExitCodes);
  convert->callback(
      [options, &chosen] { chosen = [options] { return run_hash_convert(*options); }; });
}

}  // namespace grange
