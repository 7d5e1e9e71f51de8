#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/evaluation_snapshot.h"

namespace grange {

/// Groups of an evaluation's targets, in the order in which people ask for them. Each target is in
/// exactly one of those before `changed`: what became of it since the base.
enum class TargetGroup : std::uint8_t {
  newly_failing,  ///< it was good, or nothing is known of it there
  still_failing,
  aborted,  ///< or cancelled, or not supported by any machine: nothing is known of it
  queued,
  newly_succeeding,
  added,  ///< and good
  still_succeeding,
  removed,
  changed,     ///< its outputs are others, or may be
  equivalent,  ///< its derivation is another one, its outputs are not
};

struct TargetGroupName {
  TargetGroup group;
  std::string_view key;    ///< in URLs
  std::string_view title;  ///< for people
};
inline constexpr std::array<TargetGroupName, 10> kTargetGroups{{
    {TargetGroup::newly_failing, "newly-failing", "Newly failing"},
    {TargetGroup::still_failing, "still-failing", "Still failing"},
    {TargetGroup::aborted, "aborted", "Aborted"},
    {TargetGroup::queued, "queued", "Queued"},
    {TargetGroup::newly_succeeding, "newly-succeeding", "Newly succeeding"},
    {TargetGroup::added, "new", "New"},
    {TargetGroup::still_succeeding, "still-succeeding", "Still succeeding"},
    {TargetGroup::removed, "removed", "Removed"},
    {TargetGroup::changed, "changed", "Changed"},
    {TargetGroup::equivalent, "equivalent", "Equivalent"},
}};

/// What became of a target.
TargetGroup group_of(const TargetPair& pair);
/// Is it (also) in this one?
bool is_in(TargetGroup group, const TargetPair& pair);
/// By its key; nothing for any other text.
std::optional<TargetGroup> parse_target_group(std::string_view key);

/// A part of a group.
struct TargetQuestion {
  std::optional<TargetGroup> group;  ///< nothing: the first that is not empty
  std::string filter;                ///< part of the label, in any case
  std::size_t from = 0;              ///< without the first so many
  std::size_t limit = 250;
};

struct TargetAnswer {
  std::array<std::int64_t, kTargetGroups.size()> counts{};
  TargetGroup group = TargetGroup::still_succeeding;
  std::vector<TargetPair> targets;
  std::int64_t matching = 0;  ///< how many of the group the filter lets through

  std::int64_t count(TargetGroup of) const { return counts.at(static_cast<std::size_t>(of)); }
};

TargetAnswer ask_targets(const std::vector<TargetPair>& pairs, const TargetQuestion& question);

}  // namespace grange
