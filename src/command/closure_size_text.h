#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "compare/explanation.h"

namespace grange {

/// For people: how closures grew and shrank, those that changed most first, at most `most` targets.
/// Empty where of no target both sides are known.
std::string closure_size_text(const Explanation& explanation, std::size_t most = 10);
/// The targets of which both sides are known and differ, those that changed most first.
std::vector<std::pair<std::string, ClosureSize>> size_changes(const Explanation& explanation);
/// "31.2 MiB → 33.0 MiB (+1.8 MiB)".
std::string size_change(const ClosureSize& size);
/// {"base":N,"head":N}, null where a side is not known.
nlohmann::ordered_json closure_size_json(const ClosureSize& size);

}  // namespace grange
