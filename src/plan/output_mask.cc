#include "plan/output_mask.h"

#include <algorithm>

namespace grange {
namespace {

constexpr std::size_t kLastBit = 63;

OutputMask bit_of(std::size_t index) {
  return OutputMask{1} << std::min(index, kLastBit);
}

}  // namespace

OutputMask all_outputs(std::size_t declared_count) {
  if (declared_count > kLastBit) return ~OutputMask{0};
  return (OutputMask{1} << declared_count) - 1;
}

std::optional<OutputMask> output_mask(std::span<const std::string> declared,
                                      std::span<const std::string> names) {
  OutputMask mask = 0;
  for (const auto& name : names) {
    const auto found = std::lower_bound(declared.begin(), declared.end(), name);
    if (found == declared.end() || *found != name) return std::nullopt;
    mask |= bit_of(static_cast<std::size_t>(found - declared.begin()));
  }
  return mask;
}

std::vector<std::string> output_names(std::span<const std::string> declared, OutputMask mask) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    if ((mask & bit_of(i)) != 0) names.push_back(declared[i]);
  }
  return names;
}

}  // namespace grange
