#include "compare/suspicion.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::array<std::string_view, 6> kRevisions = {"rev",     "ref",     "tag",
                                                        "version", "git rev", "svn revision"};

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// What follows the host of a URL; all of anything else.
std::string_view without_host(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos) return text;
  const auto path = text.find('/', scheme + 3);
  return path == text.npos ? std::string_view() : text.substr(path);
}

bool is_location(std::string_view field) {
  return field == "name" || field == "mirrors" || field.ends_with("url") ||
         field.ends_with("urls") || field.ends_with("URL");
}

/// Does the head name a place with other versions than any that the base names?
bool other_version(std::string_view base, std::string_view head) {
  std::vector<std::vector<std::string>> known;
  for (const auto word : split_words(base)) known.push_back(version_parts(word));
  for (const auto word : split_words(head)) {
    if (std::find(known.begin(), known.end(), version_parts(word)) == known.end()) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> version_parts(std::string_view text) {
  text = without_host(text);
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    auto end = at;
    bool dotted = false;
    while (end < text.size() &&
           (is_digit(text[end]) ||
            (text[end] == '.' && end + 1 < text.size() && is_digit(text[end + 1])))) {
      dotted = dotted || text[end] == '.';
      ++end;
    }
    if (dotted) parts.emplace_back(text.substr(at, end - at));
    at = end;
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return parts;
}

bool is_suspicious(const std::vector<FieldDifference>& differences) {
  return std::any_of(differences.begin(), differences.end(), [](const FieldDifference& difference) {
    if (!difference.base || !difference.head) return false;
    std::string_view field = difference.field;
    if (field.starts_with("env.")) field.remove_prefix(4);
    if (std::find(kRevisions.begin(), kRevisions.end(), field) != kRevisions.end()) return true;
    return is_location(field) && other_version(*difference.base, *difference.head);
  });
}

}  // namespace grange
