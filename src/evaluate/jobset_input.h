#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "http/url.h"

namespace grange {

/// What an input of a jobset is; of Hydra's types those that need no other service, and tarballs.
enum class InputType { git, path, tarball, string, boolean, nix };

std::string_view to_string(InputType type) noexcept;
/// Throws InvalidError, naming the types that there are.
InputType parse_input_type(std::string_view text);

/// An input as somebody specified it.
struct JobsetInput {
  std::string name;
  InputType type = InputType::string;
  std::string value;

  friend bool operator==(const JobsetInput&, const JobsetInput&) = default;
};

/// A name that git's rules for references allow (git-check-ref-format), and that is no option.
bool is_git_reference_name(std::string_view name);

/// `URI [BRANCH-OR-TAG-OR-REVISION] [deepclone] [submodules] [ref=NAME] [timeout=SECONDS]
/// [fallback_branch=NAME]`: Hydra's value of a git input, and more.
struct GitInput {
  /// An https, http, ssh, git or file URL, or an absolute path: nothing that git takes as an
  /// option, or as the name of a helper program.
  std::string uri;
  /// Without user, password and query: for messages, and for what expressions get to see.
  std::string shown_uri;
  bool local = false;  ///< a file URL or a path
  /// A branch or tag, or in full (refs/…); nothing: the default branch.
  std::optional<std::string> reference;
  /// 40 or 64 hex digits, lower case. With a reference it must be in its history.
  std::optional<std::string> revision;
  std::string fallback_branch;  ///< where the repository names no default branch; empty: none
  bool deep_clone = false;      ///< accepted; history is always there, and .git never
  bool submodules = false;
  std::optional<Seconds> timeout;  ///< nothing: as the fetcher's options say

  /// A value that reads as the same.
  std::string to_value() const;
  friend bool operator==(const GitInput&, const GitInput&) = default;
};

/// `PATH-OR-FILE-URL [SECONDS]`: copied, and so long not looked at again.
struct PathInput {
  std::filesystem::path path;  ///< absolute, normal
  Seconds validity{30};
  friend bool operator==(const PathInput&, const PathInput&) = default;
};

/// An http, https or file URL of an archive.
struct TarballInput {
  Url url;
  friend bool operator==(const TarballInput&, const TarballInput&) = default;
};

struct StringInput {
  std::string text;
  friend bool operator==(const StringInput&, const StringInput&) = default;
};
struct BooleanInput {
  bool value = false;
  friend bool operator==(const BooleanInput&, const BooleanInput&) = default;
};
/// A Nix expression; what it says is found out when it is evaluated.
struct NixInput {
  std::string expression;
  friend bool operator==(const NixInput&, const NixInput&) = default;
};

/// An input that was understood.
struct ParsedInput {
  std::string name;
  std::variant<GitInput, PathInput, TarballInput, StringInput, BooleanInput, NixInput> value;

  InputType type() const { return static_cast<InputType>(value.index()); }
  friend bool operator==(const ParsedInput&, const ParsedInput&) = default;
};

/// Strings and expressions beyond this are refused: nix gets them on its command line.
inline constexpr std::size_t kLongestInputText = std::size_t{64} << 10;

/// Throws InvalidError, naming the input and what of its value is wrong.
ParsedInput parse_input(const JobsetInput& input);

/// [A-Za-z][A-Za-z0-9_-]*, at most 255 bytes.
bool is_input_name(std::string_view name);

}  // namespace grange
