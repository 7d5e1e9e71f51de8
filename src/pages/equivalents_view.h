#pragma once

#include <string>

#include "pages/page_site.h"
#include "serve/api_json.h"

namespace grange {

/// The other recipes of an output set (a name, or null), beside the derivation (DIGEST-NAME.drv)
/// that is looked at: {"set", "url", "any", "others"}; null where there is none.
ApiJson equivalents_view(const PageCall& call, const ApiJson& output_set,
                         const std::string& derivation);

/// What an API's list of realisations says: [{"output", "url", "path", "signatures"}].
ApiJson realisations_view(const ApiJson& realisations);

}  // namespace grange
