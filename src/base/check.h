#pragma once

namespace grange::detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}

/// A broken invariant is a bug, not an Error: says which, and ends the process.
#define GRANGE_CHECK(condition) \
  ((condition) ? void(0) : ::grange::detail::check_failed(#condition, __FILE__, __LINE__))
