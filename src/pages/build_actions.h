#pragma once

#include "pages/page_site.h"

namespace grange {

/// What whoever asks may do with a build (as the API gives it), each a request of the API:
/// [{"text", "method", "target", "hint"}].
ApiJson build_actions(const PageCall& call, const ApiJson& build);

}  // namespace grange
