#include "compare/unit_changes.h"

#include <algorithm>
#include <span>

namespace grange {
namespace {

using UnitSpan = std::span<const std::string_view>;

/// Beyond so many comparisons two sequences are told whole.
constexpr std::size_t kMostComparisons = std::size_t{4} << 20;

/// Of what the longest common sequences of two have behind each pair of places: how long they are.
class CommonLengths {
 public:
  CommonLengths(UnitSpan base, UnitSpan head)
      : width_(head.size() + 1), lengths_((base.size() + 1) * width_) {
    for (auto b = base.size(); b-- > 0;) {
      for (auto h = head.size(); h-- > 0;) {
        lengths_[b * width_ + h] =
            base[b] == head[h] ? at(b + 1, h + 1) + 1 : std::max(at(b + 1, h), at(b, h + 1));
      }
    }
  }
  std::uint32_t at(std::size_t b, std::size_t h) const { return lengths_[b * width_ + h]; }

 private:
  std::size_t width_;
  std::vector<std::uint32_t> lengths_;
};

void add_different(UnitSpan base, UnitSpan head, std::vector<UnitChange>& changes) {
  if (base.size() * head.size() > kMostComparisons) {
    for (const auto unit : base) changes.push_back({UnitChange::Kind::removed, unit});
    for (const auto unit : head) changes.push_back({UnitChange::Kind::added, unit});
    return;
  }
  const CommonLengths lengths(base, head);
  std::size_t b = 0;
  std::size_t h = 0;
  while (b < base.size() || h < head.size()) {
    if (b < base.size() && h < head.size() && base[b] == head[h]) {
      changes.push_back({UnitChange::Kind::kept, base[b]});
      ++b, ++h;
    } else if (b < base.size() &&
               (h == head.size() || lengths.at(b + 1, h) >= lengths.at(b, h + 1))) {
      changes.push_back({UnitChange::Kind::removed, base[b++]});
    } else {
      changes.push_back({UnitChange::Kind::added, head[h++]});
    }
  }
}

}  // namespace

std::vector<UnitChange> unit_changes(const std::vector<std::string_view>& base,
                                     const std::vector<std::string_view>& head) {
  std::size_t begin = 0;
  while (begin < base.size() && begin < head.size() && base[begin] == head[begin]) ++begin;
  std::size_t end = 0;
  while (end < base.size() - begin && end < head.size() - begin &&
         base[base.size() - 1 - end] == head[head.size() - 1 - end]) {
    ++end;
  }
  std::vector<UnitChange> changes;
  for (std::size_t i = 0; i < begin; ++i) changes.push_back({UnitChange::Kind::kept, base[i]});
  add_different(UnitSpan(base).subspan(begin, base.size() - begin - end),
                UnitSpan(head).subspan(begin, head.size() - begin - end), changes);
  for (auto i = base.size() - end; i < base.size(); ++i)
    changes.push_back({UnitChange::Kind::kept, base[i]});
  return changes;
}

}  // namespace grange
