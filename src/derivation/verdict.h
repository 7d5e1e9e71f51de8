#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace grange {

/// What a target is, compared with its base.
enum class Verdict : std::uint8_t { same, equivalent, changed, changed_unverified, added, removed };
/// "same", "equivalent", "changed", "changed (unverified)", "new", "removed".
std::string_view to_string(Verdict verdict) noexcept;
std::optional<Verdict> parse_verdict(std::string_view text) noexcept;

}  // namespace grange
