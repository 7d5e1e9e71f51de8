#pragma once

#include "serve/api_context.h"

namespace grange {

/// The routes of the API, by noun. `context` must outlive the server.
void add_project_routes(Router& router, const ApiContext& context);
void add_evaluation_routes(Router& router, const ApiContext& context);
void add_commit_routes(Router& router, const ApiContext& context);
void add_build_routes(Router& router, const ApiContext& context);
void add_machine_routes(Router& router, const ApiContext& context);
void add_step_routes(Router& router, const ApiContext& context);
void add_derivation_routes(Router& router, const ApiContext& context);
void add_log_routes(Router& router, const ApiContext& context);
void add_product_routes(Router& router, const ApiContext& context);
void add_event_routes(Router& router, const ApiContext& context);
void add_system_routes(Router& router, const ApiContext& context);

}  // namespace grange
