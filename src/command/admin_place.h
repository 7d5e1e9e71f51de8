#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "command/command.h"
#include "command/farm_client.h"
#include "command/farm_place.h"

namespace grange {

/// What `grange admin` works on: a server where one is named, else a database.
struct AdminPlace {
  FarmClientOptions client;
  FarmPlaceOptions database;
  bool is_remote() const { return !client.server.empty(); }
};

void add_admin_place_options(CLI::App& command, AdminPlace& place);

/// `text` as a line of standard output, without what would steer a terminal.
void print_admin_line(const std::string& text);
void print_admin_json(const nlohmann::ordered_json& value);

// The subcommands of `grange admin`.
void add_admin_user_command(CLI::App& parent, Action& chosen);
void add_admin_token_command(CLI::App& parent, Action& chosen);
void add_admin_project_command(CLI::App& parent, Action& chosen);
void add_admin_jobset_command(CLI::App& parent, Action& chosen);
void add_admin_queue_command(CLI::App& parent, Action& chosen);
void add_admin_webhook_command(CLI::App& parent, Action& chosen);
void add_admin_machine_command(CLI::App& parent, Action& chosen);

}  // namespace grange
