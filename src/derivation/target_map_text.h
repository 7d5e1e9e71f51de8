#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "derivation/target_map.h"

namespace grange {

/// A target map as text, in the format of docs/formats/target-map.md: the map itself in TVL's form,
/// and the document beside it that says what the map alone cannot.
struct TargetMapText {
  std::string map;       ///< label → {attrPath, drvPath, …}: a line per label, sorted bytewise
  std::string metadata;  ///< complete, commit, counts, errors, and the digest of `map`
};

/// Bounds of what is read; beyond them a text is refused.
inline constexpr std::uint64_t kMaxTargetMapSize = std::uint64_t{1} << 30;
inline constexpr std::size_t kMaxLabelLength = 4096;

/// Equal maps give equal texts. Throws InvalidError for labels and names that are not UTF-8 or are
/// longer than a reader accepts.
TargetMapText print_target_map(const TargetMap& map);

/// Reads a bare map (TVL's, with `drvPath` and `attrPath` only) or an extended one. Without
/// `metadata` the map is not `complete`: nobody said that it is. The store directory is what the
/// derivations' paths say.
///
/// With `label` only that target is made of the map, where it has it: many times faster. What the
/// other labels stand for is then not looked at.
///
/// Throws InvalidError for what is malformed, CorruptError where map and metadata do not belong
/// together (digest or counts differ: truncated, edited or mixed up).
TargetMap parse_target_map(std::string_view map,
                           std::optional<std::string_view> metadata = std::nullopt,
                           std::optional<std::string_view> label = std::nullopt);

/// One target of a map that print_target_map wrote, as its text streams by, without keeping it:
/// what a record asks. Throws CorruptError as parse_target_map does.
TargetMap read_printed_target(Source& map, std::string_view metadata, std::string_view label);

}  // namespace grange
