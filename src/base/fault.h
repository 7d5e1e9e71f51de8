#pragma once

#include <string_view>

namespace grange {

/// A named place between two durable writes, where a test can make the process fail. Costs one
/// relaxed load when no fault is set.
///
/// GRANGE_FAULT="NAME=kill|eio|enospc[:N]" (N: at the Nth visit, default 1) is read by `main` and
/// set with `set_fault`; this is the program's one piece of global state, because a fault point
/// must be able to stand anywhere without threading a test seam through every signature.
void fault_point(std::string_view name);

/// Sets the one fault; an empty text clears it. Throws InvalidError for a malformed one.
void set_fault(std::string_view specification);

}  // namespace grange
