#pragma once

#include "serve/api_json.h"
#include "serve/identity.h"

namespace grange {

/// What permissions depend on of a project, as the API answered it with its members.
ProjectFacts project_facts(const ApiJson& project);

/// What a dialog asks before something is deleted: {"what", "api", "then"}.
ApiJson deletion_view(const std::string& what, const std::string& api, const std::string& then);

}  // namespace grange
