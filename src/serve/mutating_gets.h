#pragma once

#include <span>
#include <string_view>

#include "serve/identity.h"

namespace grange {

/// A route that changes something and that Hydra's clients call by GET (hydra.md §4.3).
struct MutatingGet {
  std::string_view pattern;  ///< a PathPattern
  Permission permission;
};

/// All of them, and the only exceptions to the protection against forged requests: who calls one by
/// GET needs its permission, but no token against forgery. Nothing else may change anything by GET.
std::span<const MutatingGet> mutating_gets();

/// The one that this path is; null when it is none.
const MutatingGet* find_mutating_get(std::string_view path);

}  // namespace grange
