#include "daemon/nix_conf.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::uint64_t kMaxNixConf = std::uint64_t{1} << 20;
constexpr int kMaxIncludes = 16;

void put_setting(NixSettings& settings, std::string name, std::string value) {
  if (name.starts_with("extra-")) {
    auto& present = settings[name.substr(6)];
    if (!present.empty() && !value.empty()) present += ' ';
    present += value;
  } else {
    settings.insert_or_assign(std::move(name), std::move(value));
  }
}

void read_conf(std::string_view text, const std::filesystem::path& directory,
               const std::string& shown, NixSettings& settings, int depth) {
  std::size_t number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    const auto words = split_words(line);
    if (words.empty()) continue;
    const auto where = shown + ":" + std::to_string(number);
    if (words.size() == 2 && (words[0] == "include" || words[0] == "!include")) {
      if (depth >= kMaxIncludes) throw InvalidError(where + ": too many includes in one another");
      const auto file = directory / std::string(words[1]);
      std::string included;
      try {
        included = read_file(file, kMaxNixConf);
      } catch (const Error&) {
        if (words[0] == "!include") continue;
        throw;
      }
      read_conf(included, file.parent_path(), file.string(), settings, depth + 1);
      continue;
    }
    if (words.size() < 2 || words[1] != "=") {
      throw InvalidError(where + ": specified NAME = VALUE, got '" + printable(line) + "'");
    }
    std::string value;
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (i > 2) value += ' ';
      value += words[i];
    }
    put_setting(settings, std::string(words[0]), std::move(value));
  }
}

}  // namespace

void read_nix_conf(std::string_view text, const std::filesystem::path& directory,
                   const std::string& shown, NixSettings& settings) {
  read_conf(text, directory, shown, settings, 0);
}

NixSettings load_nix_conf(const std::filesystem::path& directory) {
  NixSettings settings;
  const auto file = directory / "nix.conf";
  if (const auto text = try_read_file(file, kMaxNixConf)) {
    read_nix_conf(*text, directory, file.string(), settings);
  }
  return settings;
}

}  // namespace grange
