#include "evaluate/jobset_input.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::array<std::pair<InputType, std::string_view>, 6> kInputTypes = {{
    {InputType::git, "git"},
    {InputType::path, "path"},
    {InputType::tarball, "tarball"},
    {InputType::string, "string"},
    {InputType::boolean, "boolean"},
    {InputType::nix, "nix"},
}};
constexpr std::size_t kLongestInputName = 255;
constexpr std::size_t kLongestReference = 1000;
constexpr std::size_t kLongestUri = 4000;
constexpr std::uint64_t kMostSeconds = 86400;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_revision(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_decimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (auto& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// Reads the value of one input; every refusal names the input and the field.
class ValueReader {
 public:
  ValueReader(const std::string& name, std::string_view value) : name_(name), value_(value) {}

  [[noreturn]] void refuse(std::string_view field, std::string_view specified,
                           std::string_view got) const {
    throw InvalidError("the " + std::string(field) + " of input '" + printable(name_) +
                       "' is to be specified as " + std::string(specified) + ", got '" +
                       printable(got.substr(0, 200)) + "'");
  }

  /// The value's words. Hydra separates them by spaces.
  std::vector<std::string_view> words(std::string_view field, std::string_view specified) const {
    if (std::any_of(value_.begin(), value_.end(), is_control) || !is_utf8(value_)) {
      refuse(field, std::string(specified) + " without control characters, in UTF-8", value_);
    }
    auto found = split_words(value_);
    if (found.empty()) refuse(field, specified, "");
    return found;
  }

  Seconds seconds(std::string_view field, std::string_view text, std::uint64_t least) const {
    const auto number = parse_number(text);
    if (!number || *number < least || *number > kMostSeconds) {
      refuse(field,
             std::to_string(least) + " to " + std::to_string(kMostSeconds) + " whole seconds",
             text);
    }
    return Seconds(static_cast<double>(*number));
  }

  Url url(std::string_view text) const {
    try {
      return Url::parse(text);
    } catch (Error& error) {
      error.add_context("in the URL of input '" + name_ + "'");
      throw;
    }
  }

  /// An absolute path, or a file URL of this machine.
  std::filesystem::path path(std::string_view field, std::string_view text) const {
    std::string decoded(text);
    if (text.starts_with("file:")) {
      const auto file = url(text);
      if (!file.host().empty() || file.query_text()) {
        refuse(field, "file:///PATH, without a host", text);
      }
      decoded = file.decoded_path();
    }
    const bool plain = decoded.starts_with('/') && decoded.size() <= kLongestUri &&
                       is_utf8(decoded) && std::none_of(decoded.begin(), decoded.end(), is_control);
    if (!plain) refuse(field, "an absolute path or a file URL", text);
    auto normal = std::filesystem::path(decoded).lexically_normal();
    return normal.has_filename() ? normal : normal.parent_path();
  }

 private:
  const std::string& name_;
  std::string_view value_;
};

void read_uri(const ValueReader& reader, std::string_view text, GitInput& git) {
  constexpr std::string_view kSpecified =
      "an https, http, ssh, git or file URL or an absolute path";
  // "ext::COMMAND" and the like name a program; what begins with a dash is an option.
  if (text.size() > kLongestUri || text.starts_with('-') ||
      text.find("::") != std::string_view::npos) {
    reader.refuse("URI", kSpecified, text);
  }
  git.uri = text;
  if (text.starts_with('/')) {
    git.uri = reader.path("URI", text).string();
    git.shown_uri = git.uri;
    git.local = true;
    return;
  }
  const auto colon = text.find(':');
  const auto scheme = lower_case(text.substr(0, colon));
  if (scheme == "file") {
    reader.path("URI", text);
    git.local = true;
  } else if (scheme != "https" && scheme != "http" && scheme != "ssh" && scheme != "git") {
    reader.refuse(
        "URI", std::string(kSpecified) + " (ssh://USER@HOST/PATH where git also takes HOST:PATH)",
        text);
  }
  const auto url = reader.url(text);
  // ssh takes either as an option where it begins with a dash.
  if (!git.local && (url.host().empty() || url.host().starts_with('-') ||
                     url.user().value_or("").starts_with('-'))) {
    reader.refuse("URI", kSpecified, text);
  }
  git.uri = url.to_string();
  git.shown_uri = url.shown();
}

void read_reference(const ValueReader& reader, std::string_view field, std::string_view text,
                    std::string& reference) {
  if (!is_git_reference_name(text)) {
    reader.refuse(field, "a name that git allows for a branch, tag or reference", text);
  }
  reference = text;
}

void read_git_option(const ValueReader& reader, std::string_view word, GitInput& git) {
  const auto equals = word.find('=');
  const auto name = word.substr(0, equals);
  const auto value = word.substr(equals + 1);
  if (name == "timeout") {
    git.timeout = reader.seconds("timeout", value, 1);
  } else if (name == "fallback_branch") {
    read_reference(reader, "fallback_branch", value, git.fallback_branch);
  } else if (name == "ref") {
    if (git.reference) {
      reader.refuse("ref", "one name, or as the branch, but not as both", value);
    }
    read_reference(reader, "ref", value, git.reference.emplace());
  } else {
    reader.refuse("options", "ref=, timeout= or fallback_branch=", word);
  }
}

GitInput read_git(const ValueReader& reader) {
  const auto words = reader.words("value", "URI [BRANCH] [deepclone] [submodules] [OPTION=VALUE]");
  GitInput git;
  read_uri(reader, words.front(), git);
  for (std::size_t at = 1; at < words.size(); ++at) {
    const auto word = words[at];
    if (word == "deepclone" || word == "deepClone") {
      git.deep_clone = true;
    } else if (word == "submodules") {
      git.submodules = true;
    } else if (word.find('=') != std::string_view::npos) {
      read_git_option(reader, word, git);
    } else if (at != 1) {
      reader.refuse("options", "deepclone, submodules or NAME=VALUE", word);
    } else if (is_revision(word)) {
      git.revision = lower_case(word);
    } else {
      read_reference(reader, "branch", word, git.reference.emplace());
    }
  }
  return git;
}

PathInput read_path(const ValueReader& reader) {
  const auto words = reader.words("value", "PATH-OR-FILE-URL [SECONDS]");
  if (words.size() > 2) reader.refuse("value", "PATH-OR-FILE-URL [SECONDS]", words[2]);
  PathInput path;
  path.path = reader.path("path", words[0]);
  if (words.size() > 1) path.validity = reader.seconds("validity", words[1], 0);
  return path;
}

TarballInput read_tarball(const ValueReader& reader) {
  const auto words = reader.words("value", "an http, https or file URL");
  auto url = reader.url(words.front());
  const auto& scheme = url.scheme();
  if (words.size() > 1 || (scheme != "http" && scheme != "https" && scheme != "file")) {
    reader.refuse("value", "one http, https or file URL", words.back());
  }
  if (scheme == "file") reader.path("value", words.front());
  return {std::move(url)};
}

BooleanInput read_boolean(const ValueReader& reader, std::string_view value) {
  if (value != "true" && value != "false") reader.refuse("value", "true or false", value);
  return {value == "true"};
}

std::string read_text(const ValueReader& reader, std::string_view value) {
  if (value.size() > kLongestInputText) {
    reader.refuse("value", "at most " + format_bytes(kLongestInputText),
                  format_bytes(value.size()));
  }
  if (value.find('\0') != std::string_view::npos || !is_utf8(value)) {
    reader.refuse("value", "a text without NUL, in UTF-8", value);
  }
  return std::string(value);
}

NixInput read_nix(const ValueReader& reader, std::string_view value) {
  auto text = read_text(reader, value);
  if (trim(text).empty()) reader.refuse("value", "a Nix expression", "");
  return {std::move(text)};
}

}  // namespace

std::string_view to_string(InputType type) noexcept {
  return kInputTypes[static_cast<std::size_t>(type)].second;
}

InputType parse_input_type(std::string_view text) {
  std::vector<std::string> names;
  for (const auto& [type, name] : kInputTypes) {
    if (name == text) return type;
    names.emplace_back(name);
  }
  throw InvalidError("the type of an input is to be specified as one of " + join(names, ", ") +
                     ", got '" + printable(text.substr(0, 200)) + "'");
}

bool is_input_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestInputName && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_decimal(c) || c == '_' || c == '-'; });
}

bool is_git_reference_name(std::string_view name) {
  constexpr std::string_view kForbidden = " ~^:?*[\\";
  if (name.empty() || name.size() > kLongestReference || name == "@" || name.starts_with('-') ||
      name.ends_with('.') || name.find("..") != std::string_view::npos ||
      name.find("@{") != std::string_view::npos || !is_utf8(name)) {
    return false;
  }
  if (std::any_of(name.begin(), name.end(), [&](char c) {
        return is_control(c) || kForbidden.find(c) != std::string_view::npos;
      })) {
    return false;
  }
  const auto parts = split(name, '/');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && !part.starts_with('.') && !part.ends_with(".lock");
  });
}

std::string GitInput::to_value() const {
  std::string value = uri;
  if (revision) value += " " + *revision;
  if (reference) value += " ref=" + *reference;
  if (deep_clone) value += " deepclone";
  if (submodules) value += " submodules";
  if (!fallback_branch.empty()) value += " fallback_branch=" + fallback_branch;
  if (timeout) {
    value += " timeout=" + std::to_string(static_cast<std::uint64_t>(timeout->count()));
  }
  return value;
}

ParsedInput parse_input(const JobsetInput& input) {
  if (!is_input_name(input.name)) {
    throw InvalidError(
        "the name of an input is to be specified as a letter and then letters, digits, '_' and "
        "'-', got '" +
        printable(input.name.substr(0, 200)) + "'");
  }
  const ValueReader reader(input.name, input.value);
  ParsedInput parsed{input.name, StringInput{}};
  switch (input.type) {
    case InputType::git:
      parsed.value = read_git(reader);
      break;
    case InputType::path:
      parsed.value = read_path(reader);
      break;
    case InputType::tarball:
      parsed.value = read_tarball(reader);
      break;
    case InputType::string:
      parsed.value = StringInput{read_text(reader, input.value)};
      break;
    case InputType::boolean:
      parsed.value = read_boolean(reader, input.value);
      break;
    case InputType::nix:
      parsed.value = read_nix(reader, input.value);
      break;
  }
  return parsed;
}

}  // namespace grange
