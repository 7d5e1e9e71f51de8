#pragma once

#include <string_view>

#include "serve/api_context.h"

namespace grange {

/// The routes of Hydra's API (hydra.md §4.3), so that its clients work with a farm. They answer in
/// Hydra's shapes (hydra_json.h), JSON whatever is asked for; only "/" is there for programs alone.
/// `context` must outlive the server.
void add_hydra_routes(Router& router, const ApiContext& context);

// Its parts.
void add_hydra_project_routes(Router& router, const ApiContext& context);
void add_hydra_build_routes(Router& router, const ApiContext& context);
void add_hydra_list_routes(Router& router, const ApiContext& context);
void add_hydra_job_routes(Router& router, const ApiContext& context);
void add_hydra_setting_routes(Router& router, const ApiContext& context);
void add_hydra_action_routes(Router& router, const ApiContext& context);
void add_push_routes(Router& router, const ApiContext& context);
void add_reproduce_routes(Router& router, const ApiContext& context);

/// add_api_route with Hydra's form of errors, where what is wrong with a request is 400.
void add_hydra_route(Router& router, const ApiContext& context, RequestMethod method,
                     std::string_view pattern, ApiHandler handler);

/// Does it ask for JSON, as Hydra's clients do: in Accept, by its own Content-Type, or in the
/// query?
bool asks_for_json(const ServerRequest& request);

/// A redirect to a path of this server, which is encoded here and keeps the query.
ServerResponse hydra_redirect(const ApiCall& call, std::string_view path, int status = 302);

/// Builds in Hydra's full form, as `list` writes them: an array that is sent while it is read, so
/// that its length does not matter. Who may see them is for the caller to know.
ServerResponse hydra_build_stream(const ApiCall& call, std::vector<std::int64_t> builds);
/// One of them.
nlohmann::ordered_json hydra_full_build(const ApiCall& call, Database& database,
                                        const BuildRow& build);

}  // namespace grange
