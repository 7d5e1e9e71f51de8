#pragma once

#include "serve/api_context.h"

namespace grange {

/// Of builds of the API that are not finished: adds "position", "expectedStart", "waiting" and
/// "words" to each, of what the scheduler says of it by now; null where it says nothing.
void add_places(const ApiCall& call, nlohmann::ordered_json& builds);

}  // namespace grange
