#include "pages/moved_page.h"

#include "http/url.h"

namespace grange {
namespace {

/// The names in a location of the API.
PathPattern::Captures new_names(std::string_view location) {
  const auto path = RequestTarget::parse(location).path;
  for (const auto* pattern :
       {"/api/v1/projects/{project}/jobsets/{jobset}", "/api/v1/projects/{project}"}) {
    if (auto names = PathPattern::parse(pattern).match(path)) return *std::move(names);
  }
  return {};
}

const std::string* find_name(const PathPattern::Captures& names, std::string_view sought) {
  for (const auto& [name, value] : names) {
    if (name == sought) return &value;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> moved_page(std::string_view pattern,
                                      const PathPattern::Captures& captured, std::string_view query,
                                      std::string_view location) {
  const auto names = new_names(location);
  std::string path;
  bool is_another = false;
  for (auto rest = pattern; !rest.empty();) {
    const auto open = rest.find('{');
    path += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = rest.find('}', open);
    auto name = rest.substr(open + 1, close - open - 1);
    const bool takes_rest = name.ends_with('*');
    if (takes_rest) name.remove_suffix(1);
    rest.remove_prefix(close + 1);
    const auto* before = find_name(captured, name);
    const auto* now = find_name(names, name);
    if (before == nullptr) return std::nullopt;
    is_another = is_another || (now != nullptr && *now != *before);
    path += percent_encode(now != nullptr ? *now : *before, takes_rest ? "/" : "");
  }
  if (!is_another) return std::nullopt;
  if (!query.empty()) path.append("?").append(query);
  return path;
}

}  // namespace grange
