#include "farm/commit_id.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grange {

std::optional<CommitId> CommitId::try_parse(std::string_view text) {
  if (text.size() != 40 && text.size() != 64) return std::nullopt;
  const bool hex = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!hex) return std::nullopt;
  return CommitId(std::string(text));
}

CommitId CommitId::parse(std::string_view text) {
  if (auto id = try_parse(text)) return *std::move(id);
  throw InvalidError("specified a git commit of 40 or 64 lower-case hex digits, got '" +
                     printable(text.substr(0, 100)) + "'");
}

}  // namespace grange
