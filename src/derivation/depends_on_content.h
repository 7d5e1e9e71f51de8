#pragma once

#include "derivation/derivation.h"

namespace grange {

/// Do the paths of outputs of this kind follow from content, their own or that of inputs? Then they
/// are known only once they, or their inputs, were made.
constexpr bool depends_on_content(DerivationKind kind) noexcept {
  return kind == DerivationKind::floating || kind == DerivationKind::deferred ||
         kind == DerivationKind::impure;
}

}  // namespace grange
