#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/account_action.h"
#include "command/password_prompt.h"
#include "serve/account_json.h"

namespace grange {
namespace {

struct AdminUserOptions {
  AdminPlace place;
  AccountSettings settings;
  bool no_password = false;
  bool enable = false;
  bool json = false;
};

constexpr const char* kAdminUserFooter = R"(
Passwords are asked for at the terminal, or are the first line of standard input; there is no option
for them. Names stay as they are; who is deleted owns nothing any more. An administrator is always
left. Roles: admin, create-projects, restart-jobs, bump-to-front, cancel-build, eval-jobset.

Examples:
  grange admin user create alice --role admin --full-name 'Alice A.' < password-file
  grange admin user roles bob restart-jobs eval-jobset
  grange admin user disable bob
  grange admin user list --json --server https://farm.example.org --token-file token

Exit codes:
  0 done · 64 usage · 65 malformed · 66 no such account · 75 the name is taken, no administrator
  would be left, or not available · 77 not permitted)";

void check_roles(const std::vector<std::string>& roles) {
  for (const auto& role : roles) {
    if (!parse_role(role)) throw InvalidError("there is no role '" + printable(role) + "'");
  }
}

/// The same rules as the API's, before anything is asked for.
std::string new_password_of(const std::string& name) {
  auto password = read_password("new password of " + name, true);
  if (const auto problem = Passwords::problem_with(password)) {
    throw InvalidError("the password: " + *problem);
  }
  return password;
}

void create_user(AccountAdmin& accounts, const AdminUserOptions& options) {
  const auto& name = options.settings.name;
  if (!is_account_name(name)) {
    throw InvalidError(
        "specified a name of letters, digits, '_', '.', '@' and '-', a letter or '_' first, got '" +
        printable(name) + "'");
  }
  check_roles(options.settings.roles);
  std::optional<std::string> password;
  if (!options.no_password) password = new_password_of(name);
  accounts.create(options.settings, password);
}

void list_users(AccountAdmin& accounts, const AdminUserOptions& options) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& account : accounts.all()) {
    if (options.json) {
      list.emplace_back(account_to_json(account));
      continue;
    }
    auto line = account.settings.name;
    if (!account.settings.full_name.empty()) line += " (" + account.settings.full_name + ")";
    if (!account.settings.roles.empty()) line += ": " + join(account.settings.roles, ", ");
    if (account.settings.disabled) line += " [disabled]";
    print_admin_line(line);
  }
  if (options.json) print_admin_json(list);
}

void set_user_password(AccountAdmin& accounts, const AdminUserOptions& options) {
  const auto account = accounts.named(options.settings.name);
  accounts.set_password(account.id, new_password_of(account.settings.name));
}

void set_user_roles(AccountAdmin& accounts, const AdminUserOptions& options) {
  check_roles(options.settings.roles);
  AccountService::Changes changes;
  changes.roles = options.settings.roles;
  accounts.change(accounts.named(options.settings.name).id, changes);
}

void disable_user(AccountAdmin& accounts, const AdminUserOptions& options) {
  AccountService::Changes changes;
  changes.disabled = !options.enable;
  accounts.change(accounts.named(options.settings.name).id, changes);
}

void delete_user(AccountAdmin& accounts, const AdminUserOptions& options) {
  accounts.remove(accounts.named(options.settings.name).id);
}

CLI::App& add_admin_user_part(CLI::App& parent, Action& chosen,
                              const std::shared_ptr<AdminUserOptions>& options, const char* name,
                              const char* about,
                              void (*action)(AccountAdmin&, const AdminUserOptions&)) {
  auto& command =
      add_account_action(parent, chosen, options, name, about, kAdminUserFooter, action);
  command.add_option("name", options->settings.name, "Whose")->type_name("NAME")->required();
  return command;
}

}  // namespace

void add_admin_user_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("user", "Accounts");
  command->require_subcommand(1);
  command->footer(kAdminUserFooter);
  const auto options = std::make_shared<AdminUserOptions>();
  auto& settings = options->settings;
  auto& create =
      add_admin_user_part(*command, chosen, options, "create", "Make an account", create_user);
  create.add_option("--full-name", settings.full_name, "As others see it")->type_name("TEXT");
  create.add_option("--email", settings.email, "Its e-mail address")->type_name("ADDRESS");
  create.add_option("--role", settings.roles, "What it may do anywhere (repeatable)")
      ->type_name("ROLE")
      ->allow_extra_args(false);
  create.add_flag("--no-password", options->no_password, "Nobody can sign in as it, yet");
  add_account_action(*command, chosen, options, "list", "List accounts", kAdminUserFooter,
                     list_users)
      .add_flag("--json", options->json, "Print JSON");
  add_admin_user_part(*command, chosen, options, "password", "Give it another password",
                      set_user_password);
  add_admin_user_part(*command, chosen, options, "roles", "Replace its roles", set_user_roles)
      .add_option("role", settings.roles, "All that it has from now on")
      ->type_name("ROLE");
  add_admin_user_part(*command, chosen, options, "disable", "Nobody can use it any more",
                      disable_user)
      .add_flag("--enable", options->enable, "The opposite");
  add_admin_user_part(*command, chosen, options, "delete", "Delete it for good", delete_user);
}

}  // namespace grange
