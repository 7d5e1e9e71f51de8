#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace grange {

/// Settings by name, as nix.conf has them: "NAME = VALUE" by line, '#' begins a comment.
/// "extra-NAME" is added to what NAME has by then.
using NixSettings = std::map<std::string, std::string, std::less<>>;

/// Reads the text of a nix.conf into `settings`. "include FILE" must be readable, "!include FILE"
/// need not; relative names are relative to `directory`. Throws InvalidError naming `shown` and
/// the line.
void read_nix_conf(std::string_view text, const std::filesystem::path& directory,
                   const std::string& shown, NixSettings& settings);

/// DIRECTORY/nix.conf, where there is one.
NixSettings load_nix_conf(const std::filesystem::path& directory);

}  // namespace grange
