#pragma once

#include <string_view>
#include <vector>

namespace grange {

/// The texts that an outcome, a verdict can be, for schemas and for messages.
std::vector<std::string_view> outcome_names();
std::vector<std::string_view> verdict_names();

}  // namespace grange
