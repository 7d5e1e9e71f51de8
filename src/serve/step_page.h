#pragma once

#include <nlohmann/json_fwd.hpp>

#include "record/steps.h"
#include "serve/api_context.h"

namespace grange {

/// A page of the steps that who asks sees, the newest first: `steps` and `next`. A step of a hidden
/// jobset is as hidden as its build: others take its place on the page, as far as they are found.
nlohmann::ordered_json step_page(const ApiCall& call, Database& database, StepQuery query,
                                 std::size_t limit);

}  // namespace grange
