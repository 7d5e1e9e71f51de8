#include "derivation/package_name.h"

namespace grange {

std::string_view package_name(std::string_view derivation_name) noexcept {
  for (std::size_t i = 1; i + 1 < derivation_name.size(); ++i) {
    const char next = derivation_name[i + 1];
    if (derivation_name[i] == '-' && next >= '0' && next <= '9') {
      return derivation_name.substr(0, i);
    }
  }
  return derivation_name;
}

}  // namespace grange
