#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace grange {

/// Some of a derivation's declared outputs: bit i is the i-th declared name. The last bit stands
/// for the 64th name and all after it, which are therefore only wanted and found together.
using OutputMask = std::uint64_t;

OutputMask all_outputs(std::size_t declared_count);

/// Nothing when one of `names` is not declared. `declared` must be sorted.
std::optional<OutputMask> output_mask(std::span<const std::string> declared,
                                      std::span<const std::string> names);

/// The names in the order of `declared`.
std::vector<std::string> output_names(std::span<const std::string> declared, OutputMask mask);

}  // namespace grange
