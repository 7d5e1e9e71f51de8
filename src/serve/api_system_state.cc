#include <filesystem>
#include <system_error>

#include <nlohmann/json.hpp>

#include "database/database_size.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/farm_daemon.h"
#include "serve/server_facts.h"
#include "serve/settings_json.h"

namespace grange {
namespace {

ApiJson database_json(ApiCall& call) {
  return call.farm().database().read([](Database& database) -> ApiJson {
    const bool is_sqlite = database.kind() == DatabaseKind::sqlite;
    return {{"kind", is_sqlite ? "sqlite" : "postgresql"},
            {"name", database.name()},
            {"size", database_size(database)}};
  });
}

/// The disk that a directory is on. Null where nobody knows.
ApiJson disk_json(std::string_view use, const std::filesystem::path& directory) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  return {{"use", use},
          {"directory", directory.string()},
          {"size", error ? ApiJson() : ApiJson(space.capacity)},
          {"free", error ? ApiJson() : ApiJson(space.available)}};
}

ServerResponse get_system(ApiCall& call) {
  require(call.identity, Permission::administer);
  const auto& config = call.farm().config();
  const auto& workshop = config.workshop;
  const auto* daemon = call.context.daemon;
  const auto* known = call.context.server;
  const ServerFacts nothing;
  const auto& server = known != nullptr ? *known : nothing;
  const auto& store = call.farm().workshop().store().location();
  return api_answer({{"version", GRANGE_VERSION},
                     {"started", api_time(server.started)},
                     {"system", this_system()},
                     {"database", database_json(call)},
                     {"disks",
                      {disk_json("state", config.state), disk_json("store", store.real_store),
                       disk_json("evaluation store", workshop.eval_store_root)}},
                     {"publicKeys", server.public_keys},
                     {"settings", settings_json(config, server,
                                                daemon != nullptr ? daemon->socket()
                                                                  : std::filesystem::path())}});
}

}  // namespace

void add_system_state_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/system", get_system);
}

}  // namespace grange
