#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/account_action.h"
#include "command/farm_wait.h"

namespace grange {
namespace {

struct AdminTokenOptions {
  AdminPlace place;
  std::string user;
  std::string name;
  std::vector<std::string> scopes;
  std::int64_t days = 90;
  std::string number;
};

constexpr const char* kAdminTokenFooter = R"(
A token may do what its account may, as far as its scopes name it: read, admin, create-projects,
write-projects, restart-jobs, bump-to-front, cancel-build, eval-jobset. It is printed once, and kept
only as a digest. A server lets tokens be made by who knows the account's password, which is asked
for or is the first line of standard input; the database itself asks for none.

Examples:
  grange admin token create --user alice --name laptop --scope read --scope eval-jobset > token
  grange admin token list --user alice
  grange admin token revoke --user alice 3 --server https://farm.example.org

Exit codes:
  0 done · 64 usage · 65 malformed · 66 no such account or token · 75 it has too many tokens, or not
  available · 77 not permitted)";

void create_admin_token(AccountAdmin& accounts, const AdminTokenOptions& options) {
  std::set<Scope> scopes;
  for (const auto& text : options.scopes) {
    const auto scope = parse_scope(text);
    if (!scope) throw InvalidError("there is no scope '" + printable(text) + "'");
    scopes.insert(*scope);
  }
  if (options.name.empty()) throw InvalidError("specified a name, got an empty one");
  accounts.become(options.user);
  const auto secret =
      accounts.create_token(options.name, scopes, std::chrono::hours(24 * options.days));
  std::printf("%s\n", secret.c_str());
}

void list_admin_tokens(AccountAdmin& accounts, const AdminTokenOptions& options) {
  accounts.become(options.user);
  const auto now = to_unix(SystemClock().now());
  for (const auto& token : accounts.tokens()) {
    auto line = std::to_string(token.id) + " " + token.name + ": " + join(token.scopes, ", ");
    if (token.expires) {
      const auto left = to_unix(*token.expires) - now;
      line += left > 0 ? " (for " + format_duration(static_cast<double>(left)) + ")" : " (expired)";
    }
    print_admin_line(line);
  }
}

void revoke_admin_token(AccountAdmin& accounts, const AdminTokenOptions& options) {
  const auto number = parse_farm_number(options.number);
  accounts.become(options.user);
  accounts.remove_token(number);
}

CLI::App& add_admin_token_part(CLI::App& parent, Action& chosen,
                               const std::shared_ptr<AdminTokenOptions>& options, const char* name,
                               const char* about,
                               void (*action)(AccountAdmin&, const AdminTokenOptions&)) {
  auto& command =
      add_account_action(parent, chosen, options, name, about, kAdminTokenFooter, action);
  command.add_option("--user", options->user, "Whose account")->type_name("NAME")->required();
  return command;
}

}  // namespace

void add_admin_token_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("token", "Tokens of accounts");
  command->require_subcommand(1);
  command->footer(kAdminTokenFooter);
  const auto options = std::make_shared<AdminTokenOptions>();
  auto& create = add_admin_token_part(*command, chosen, options, "create", "Make and print one",
                                      create_admin_token);
  create.add_option("--name", options->name, "What it is for")->type_name("TEXT")->required();
  create.add_option("--scope", options->scopes, "What it may do (repeatable)")
      ->type_name("SCOPE")
      ->required()
      ->allow_extra_args(false);
  create.add_option("--days", options->days, "How long it is good")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{366}))
      ->capture_default_str();
  add_admin_token_part(*command, chosen, options, "list", "List an account's", list_admin_tokens);
  add_admin_token_part(*command, chosen, options, "revoke", "End one", revoke_admin_token)
      .add_option("number", options->number, "As list tells it")
      ->type_name("NUMBER")
      ->required();
}

}  // namespace grange
