#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace grange::detail {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "grange: bug: %s does not hold (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace grange::detail
