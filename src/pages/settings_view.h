#pragma once

#include "serve/api_json.h"

namespace grange {

/// The settings in force, as GET /api/v1/system has them, for people: [{"title", "rows": [{"name",
/// "value" or "lines"}]}].
ApiJson settings_view(const ApiJson& settings);

}  // namespace grange
