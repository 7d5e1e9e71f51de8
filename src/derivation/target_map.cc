#include "derivation/target_map.h"

namespace grange {
namespace {

bool needs_quotes(std::string_view part) noexcept {
  return part.empty() || part.find_first_of(".\"") != std::string_view::npos;
}

}  // namespace

std::string make_label(const std::vector<std::string>& attr_path) {
  std::string label;
  for (std::size_t i = 0; i < attr_path.size(); ++i) {
    if (i > 0) label += '.';
    if (!needs_quotes(attr_path[i])) {
      label += attr_path[i];
      continue;
    }
    label += '"';
    for (const char c : attr_path[i]) {
      if (c == '"' || c == '\\') label += '\\';
      label += c;
    }
    label += '"';
  }
  return label;
}

}  // namespace grange
