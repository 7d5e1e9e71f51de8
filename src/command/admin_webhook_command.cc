#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "command/admin_place.h"
#include "command/exit_code.h"
#include "command/farm_wait.h"
#include "record/accounts.h"
#include "serve/session_cookie.h"

namespace grange {
namespace {

struct AdminWebhookOptions {
  FarmPlaceOptions database;
  std::string forge;
  std::string number;
};

constexpr const char* kAdminWebhookFooter = R"(
A forge proves its pushes by a secret that it shares with the farm: enter what create prints, once,
as the webhook's secret, with /api/push-github or /api/push-gitea of the farm as its address and
JSON as its content. Changes the database itself; a server that runs heeds it at once.

Examples:
  grange admin webhook create github --state ~/farm
  grange admin webhook list
  grange admin webhook delete 1

Exit codes:
  0 done · 64 usage · 66 no such secret · 75 database not available)";

void create_webhook_secret(Database& database, const AdminWebhookOptions& options) {
  const auto secret = random_secret();
  change_farm(database, [&](Database& changed) {
    Accounts(changed).add_webhook_secret(options.forge, secret);
  });
  std::printf("%s\n", secret.c_str());
}

void list_webhook_secrets(Database& database, const AdminWebhookOptions& /*options*/) {
  const Snapshot snapshot(database);
  for (const auto& secret : Accounts(database).webhook_secrets()) {
    print_admin_line(std::to_string(secret.id) + " " + secret.forge);
  }
}

void delete_webhook_secret(Database& database, const AdminWebhookOptions& options) {
  const auto number = parse_farm_number(options.number);
  change_farm(database, [&](Database& changed) {
    if (!Accounts(changed).remove_webhook_secret(number)) {
      throw NotFoundError("there is no webhook secret " + options.number);
    }
  });
}

CLI::App& add_admin_webhook_part(CLI::App& parent, Action& chosen,
                                 const std::shared_ptr<AdminWebhookOptions>& options,
                                 const char* name, const char* about, FarmOpening opening,
                                 void (*action)(Database&, const AdminWebhookOptions&)) {
  auto* command = parent.add_subcommand(name, about);
  add_farm_place_options(*command, options->database);
  command->footer(kAdminWebhookFooter);
  command->callback([options, opening, action, &chosen] {
    chosen = [options, opening, action] {
      action(*open_farm_database(options->database, opening), *options);
      return kExitGood;
    };
  });
  return *command;
}

}  // namespace

void add_admin_webhook_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("webhook", "Secrets by which forges prove their pushes");
  command->require_subcommand(1);
  command->footer(kAdminWebhookFooter);
  const auto options = std::make_shared<AdminWebhookOptions>();
  add_admin_webhook_part(*command, chosen, options, "create", "Make and print one",
                         FarmOpening::making, create_webhook_secret)
      .add_option("forge", options->forge, "github or gitea")
      ->type_name("FORGE")
      ->required()
      ->check(CLI::IsMember({"github", "gitea"}));
  add_admin_webhook_part(*command, chosen, options, "list", "List them, without the secrets",
                         FarmOpening::reading, list_webhook_secrets);
  add_admin_webhook_part(*command, chosen, options, "delete", "End one", FarmOpening::writing,
                         delete_webhook_secret)
      .add_option("number", options->number, "As list tells it")
      ->type_name("NUMBER")
      ->required();
}

}  // namespace grange
