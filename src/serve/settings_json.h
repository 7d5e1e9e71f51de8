#pragma once

#include <filesystem>

#include "farm/farm.h"
#include "serve/api_json.h"
#include "serve/server_facts.h"

namespace grange {

/// The settings in force, whoever specified them, by the tables and (in camel case) the keys of
/// grange.toml. Without what URLs hold of credentials.
ApiJson settings_json(const FarmConfig& config, const ServerFacts& server,
                      const std::filesystem::path& daemon_socket);

}  // namespace grange
