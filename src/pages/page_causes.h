#pragma once

#include "pages/page_site.h"

namespace grange {

/// Why an evaluation differs from its base, or from the one that the parameter `against` names.
ApiJson causes_page(PageCall& call);

}  // namespace grange
