#include "build/string_rewrites.h"

#include <utility>

#include "base/text.h"

namespace grange {

std::string rewrite(std::string text, const StringRewrites& rewrites) {
  for (const auto& [from, to] : rewrites) {
    if (text.find(from) != std::string::npos) text = replace_all(std::move(text), from, to);
  }
  return text;
}

}  // namespace grange
