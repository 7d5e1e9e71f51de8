#pragma once

#include <string>
#include <vector>

#include "serve/api_json.h"

namespace grange {

/// Roles and scopes for people, each with whether it is one of `given`: [{"name", "about",
/// "given"}].
ApiJson roles_view(const std::vector<std::string>& given);
ApiJson scopes_view(const std::vector<std::string>& given);

}  // namespace grange
