#include "pages/target_groups.h"

#include <algorithm>

#include "pages/shown_text.h"

namespace grange {
namespace {

/// Does the outcome say nothing of the target itself?
bool says_nothing(Outcome outcome) {
  return outcome == Outcome::aborted || outcome == Outcome::cancelled ||
         outcome == Outcome::unsupported || outcome == Outcome::unknown;
}

}  // namespace

TargetGroup group_of(const TargetPair& pair) {
  if (pair.head == nullptr) return TargetGroup::removed;
  if (!pair.head->outcome) return TargetGroup::queued;
  const auto outcome = *pair.head->outcome;
  if (says_nothing(outcome)) return TargetGroup::aborted;
  const bool base_ended = pair.base != nullptr && pair.base->outcome.has_value();
  const auto base = base_ended ? *pair.base->outcome : Outcome::unknown;
  const bool was_good = base == Outcome::good;
  if (outcome != Outcome::good) {
    return was_good || says_nothing(base) ? TargetGroup::newly_failing : TargetGroup::still_failing;
  }
  if (was_good) return TargetGroup::still_succeeding;
  if (!says_nothing(base)) return TargetGroup::newly_succeeding;
  return pair.base == nullptr ? TargetGroup::added : TargetGroup::still_succeeding;
}

bool is_in(TargetGroup group, const TargetPair& pair) {
  switch (group) {
    case TargetGroup::changed:
      return pair.verdict == Verdict::changed || pair.verdict == Verdict::changed_unverified;
    case TargetGroup::equivalent:
      return pair.verdict == Verdict::equivalent;
    default:
      return group_of(pair) == group;
  }
}

std::optional<TargetGroup> parse_target_group(std::string_view key) {
  for (const auto& name : kTargetGroups) {
    if (name.key == key) return name.group;
  }
  return std::nullopt;
}

TargetAnswer ask_targets(const std::vector<TargetPair>& pairs, const TargetQuestion& question) {
  TargetAnswer answer;
  const auto count_of = [&](TargetGroup group) -> std::int64_t& {
    return answer.counts.at(static_cast<std::size_t>(group));
  };
  for (const auto& pair : pairs) {
    ++count_of(group_of(pair));
    for (const auto group : {TargetGroup::changed, TargetGroup::equivalent}) {
      if (is_in(group, pair)) ++count_of(group);
    }
  }
  const auto first = std::find_if(kTargetGroups.begin(), kTargetGroups.end(),
                                  [&](const auto& name) { return count_of(name.group) != 0; });
  if (first != kTargetGroups.end()) answer.group = first->group;
  if (question.group) answer.group = *question.group;
  std::size_t skipped = 0;
  for (const auto& pair : pairs) {
    if (!is_in(answer.group, pair)) continue;
    const auto& label = (pair.head != nullptr ? pair.head : pair.base)->label;
    if (find_whatever_case(label, question.filter, 0) == label.npos) continue;
    ++answer.matching;
    if (skipped < question.from) {
      ++skipped;
    } else if (answer.targets.size() < question.limit) {
      answer.targets.push_back(pair);
    }
  }
  return answer;
}

}  // namespace grange
