#include <cstdio>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command/admin_place.h"

namespace grange {

void add_admin_place_options(CLI::App& command, AdminPlace& place) {
  add_farm_client_options(command, place.client);
  add_farm_place_options(command, place.database);
  command.get_option("--server")
      ->description(
          "Ask this server, as the account of a token; without it, the database itself is changed");
  command.get_option("--server")->excludes(command.get_option("--database"));
  command.get_option("--server")->excludes(command.get_option("--state"));
  // Who names a token means a server, and must not change what is here.
  command.get_option("--token")->needs(command.get_option("--server"));
  command.get_option("--token-file")->needs(command.get_option("--server"));
}

void print_admin_line(const std::string& text) {
  std::printf("%s\n", printable(text).c_str());
}

void print_admin_json(const nlohmann::ordered_json& value) {
  std::printf("%s\n",
              value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

void add_admin_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand(
      "admin", "Accounts, tokens, projects, jobsets, webhooks, machines, the queue");
  command->require_subcommand(1);
  command->footer(R"(
With --server everything goes through the API of a server, as the account of the token. Without it
accounts, tokens, projects, jobsets and machines are changed in the database itself, under the same rules:
before a server has ever run, for example. A server that runs sees such changes within seconds.

Examples:
  grange admin user create alice --role admin --state ~/farm
  grange admin token create --user alice --name laptop --scope read --scope write-projects
  grange admin project put hello --owner alice
  grange admin jobset put hello:main --expression src:default.nix --input src=git:https://example.org/hello
  grange admin queue restart 17 --server https://farm.example.org --token-file token)");
  add_admin_user_command(*command, chosen);
  add_admin_token_command(*command, chosen);
  add_admin_project_command(*command, chosen);
  add_admin_jobset_command(*command, chosen);
  add_admin_queue_command(*command, chosen);
  add_admin_webhook_command(*command, chosen);
  add_admin_machine_command(*command, chosen);
}

}  // namespace grange
