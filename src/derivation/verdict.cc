#include "derivation/verdict.h"

namespace grange {

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::same:
      return "same";
    case Verdict::equivalent:
      return "equivalent";
    case Verdict::changed:
      return "changed";
    case Verdict::changed_unverified:
      return "changed (unverified)";
    case Verdict::added:
      return "new";
    case Verdict::removed:
      return "removed";
  }
  return "";
}

std::optional<Verdict> parse_verdict(std::string_view text) noexcept {
  for (const auto verdict : {Verdict::same, Verdict::equivalent, Verdict::changed,
                             Verdict::changed_unverified, Verdict::added, Verdict::removed}) {
    if (text == to_string(verdict)) return verdict;
  }
  return std::nullopt;
}

}  // namespace grange
