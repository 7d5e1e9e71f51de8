#pragma once

#include "serve/api_context.h"

namespace grange {

/// The routes of the API, by noun. `context` must outlive the server.
void add_project_routes(Router& router, const ApiContext& context);
void add_evaluation_routes(Router& router, const ApiContext& context);
void add_cause_routes(Router& router, const ApiContext& context);
void add_commit_routes(Router& router, const ApiContext& context);
void add_build_routes(Router& router, const ApiContext& context);
void add_machine_routes(Router& router, const ApiContext& context);
void add_step_routes(Router& router, const ApiContext& context);
void add_derivation_routes(Router& router, const ApiContext& context);
void add_derivation_graph_routes(Router& router, const ApiContext& context);
void add_store_path_routes(Router& router, const ApiContext& context);
void add_log_routes(Router& router, const ApiContext& context);
void add_product_routes(Router& router, const ApiContext& context);
void add_event_routes(Router& router, const ApiContext& context);
void add_target_routes(Router& router, const ApiContext& context);
void add_queue_routes(Router& router, const ApiContext& context);
void add_attention_routes(Router& router, const ApiContext& context);
void add_search_routes(Router& router, const ApiContext& context);
void add_system_routes(Router& router, const ApiContext& context);
void add_system_state_routes(Router& router, const ApiContext& context);

}  // namespace grange
