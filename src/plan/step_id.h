#pragma once

#include <cstdint>

namespace grange {

/// A request for outputs, as the plan numbers them.
enum class WantId : std::uint32_t {};
/// The making of one output set under one policy, as the plan numbers them.
enum class StepId : std::uint32_t {};

}  // namespace grange
