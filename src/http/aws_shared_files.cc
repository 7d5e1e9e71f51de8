#include "http/aws_shared_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kProfileWord = "profile";

std::string_view without_comment(std::string_view line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool begins = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
    if (begins && (line[at] == '#' || line[at] == ';')) return line.substr(0, at);
  }
  return line;
}

/// Nothing for a section that is no profile.
std::optional<std::string> profile_of(std::string_view section, AwsSharedFile::Kind kind) {
  if (kind == AwsSharedFile::Kind::credentials || section == "default") return std::string(section);
  const auto rest = section.substr(std::min(kProfileWord.size(), section.size()));
  if (!section.starts_with(kProfileWord) || rest.empty() || (rest[0] != ' ' && rest[0] != '\t')) {
    return std::nullopt;
  }
  auto name = trim(rest);
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
    name = name.substr(1, name.size() - 2);
  }
  return std::string(name);
}

std::string setting(const AwsSharedFile::Settings& settings, std::string_view key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "" : found->second;
}

}  // namespace

AwsSharedFile AwsSharedFile::parse(std::string_view text, Kind kind) {
  AwsSharedFile file;
  Settings* current = nullptr;
  bool in_section = false;
  std::size_t number = 0;
  const auto fail = [&](std::string_view what) {
    throw InvalidError("line " + std::to_string(number) + " " + std::string(what));
  };
  for (const auto raw : split(text, '\n')) {
    ++number;
    const auto line = without_comment(raw);
    const auto content = trim(line);
    if (content.empty()) continue;
    if (line[0] == ' ' || line[0] == '\t') continue;
    if (content[0] == '[') {
      if (content.back() != ']') fail("begins a section and does not end it");
      const auto profile = profile_of(trim(content.substr(1, content.size() - 2)), kind);
      current = profile ? &file.profiles_[*profile] : nullptr;
      in_section = true;
      continue;
    }
    const auto equals = content.find('=');
    if (equals == std::string_view::npos) fail("is neither a section nor KEY = VALUE");
    if (!in_section) fail("stands before the first section");
    if (current == nullptr) continue;
    std::string key(trim(content.substr(0, equals)));
    for (auto& c : key) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    (*current)[key] = trim(content.substr(equals + 1));
  }
  return file;
}

const AwsSharedFile::Settings* AwsSharedFile::find(std::string_view profile) const {
  const auto found = profiles_.find(profile);
  return found == profiles_.end() ? nullptr : &found->second;
}

std::optional<AwsKeys> keys_of(const AwsSharedFile::Settings& settings) {
  AwsKeys keys{setting(settings, "aws_access_key_id"), setting(settings, "aws_secret_access_key"),
               setting(settings, "aws_session_token"), std::nullopt};
  if (keys.access_key_id.empty() && keys.secret_access_key.empty()) return std::nullopt;
  if (keys.access_key_id.empty()) throw InvalidError("there is a secret key and no access key id");
  if (keys.secret_access_key.empty()) {
    throw InvalidError("there is an access key id and no secret key");
  }
  return keys;
}

}  // namespace grange
