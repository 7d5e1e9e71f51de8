#include "pages/page_templates.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pages/web_files.h"

namespace grange {
namespace {

constexpr std::string_view kBefore = "templates/";
constexpr std::string_view kBehind = ".html";
constexpr int kDeepest = 8;

std::string name_of(std::string_view file) {
  file.remove_prefix(kBefore.size());
  file.remove_suffix(kBehind.size());
  return std::string(file);
}

/// Its text with all that it takes in.
std::string whole_text(std::string_view name, int depth = 0) {
  if (depth > kDeepest) throw CorruptError("templates take each other in: " + std::string(name));
  constexpr std::string_view kPartial = "{{> ";
  auto rest = web_file(std::string(kBefore) + std::string(name) + std::string(kBehind)).content;
  // What is taken in may stand where a line's end would be seen.
  if (depth > 0 && rest.ends_with('\n')) rest.remove_suffix(1);
  std::string text;
  for (;;) {
    const auto at = rest.find(kPartial);
    text.append(rest.substr(0, at));
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at + kPartial.size());
    const auto end = rest.find("}}");
    if (end == std::string_view::npos)
      throw CorruptError("a tag without an end in " + std::string(name));
    text.append(whole_text(rest.substr(0, end), depth + 1));
    rest.remove_prefix(end + 2);
  }
  return text;
}

}  // namespace

PageTemplates::PageTemplates() {
  for (const auto& file : web_files()) {
    if (!file.name.starts_with(kBefore) || !file.name.ends_with(kBehind)) continue;
    auto name = name_of(file.name);
    auto parsed = std::make_unique<const PageTemplate>(whole_text(name));
    templates_.emplace(std::move(name), std::move(parsed));
  }
}

PageTemplates::~PageTemplates() = default;

std::string PageTemplates::render(std::string_view name,
                                  const nlohmann::ordered_json& model) const {
  const auto found = templates_.find(name);
  if (found == templates_.end())
    throw NotFoundError("there is no template '" + std::string(name) + "'");
  return found->second->render(model);
}

}  // namespace grange
