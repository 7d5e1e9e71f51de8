#pragma once

#include "serve/password.h"

namespace grange {

/// Of tests: hashes that take no time.
inline PasswordOptions cheap_passwords() {
  PasswordOptions options;
  options.passes = 1;
  options.memory = 8192;
  return options;
}

}  // namespace grange
