#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "command/admin_place.h"
#include "command/exit_code.h"
#include "command/farm_settings.h"
#include "command/farm_wait.h"
#include "command/interrupt.h"
#include "command/project_admin.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestBodyFile = 1024 * 1024;

struct AdminProjectOptions {
  AdminPlace place;
  std::string name;
  std::string to;
  std::string file;
  std::map<std::string, std::string> texts;
  std::map<std::string, std::int64_t> numbers;
  std::map<std::string, bool> flags;
  std::vector<std::string> members;
  std::string expression;
  std::vector<std::string> inputs;
  bool disabled = false;
  bool json = false;
};

constexpr const char* kAdminProjectFooter = R"(
put makes a project, or replaces all that is said of it: by options, or by a file with what the API
takes. Its owner and members stay where none are named.

Examples:
  grange admin project put hello --display-name Hello --owner alice --member bob
  grange admin project put hello --json hello.json --server https://farm.example.org --token-file t
  grange admin project list
  grange admin project delete hello

Exit codes:
  0 done · 64 usage · 65 refused: each field that is wrong is listed · 66 no such project
  75 a file declares it, the name is taken, or not available · 77 not permitted)";

constexpr const char* kAdminJobsetFooter = R"(
put makes a jobset, or replaces all that is said of it: by options, or by a file with what the API
takes. Input types: git, path, tarball, string, boolean, nix. Modes: off, on, one-shot,
one-at-a-time. clone copies all settings; --mode off keeps the copy from being evaluated.

Examples:
  grange admin jobset put hello:main --expression src:default.nix \
      --input src=git:https://example.org/hello.git --check-interval 600
  grange admin jobset put hello:main --json main.json
  grange admin jobset clone hello:main hello:next
  grange admin jobset list hello

Exit codes:
  0 done · 64 usage · 65 refused: each field that is wrong is listed · 66 no such project or jobset
  75 a file declares it, the name is taken, or not available · 77 not permitted)";

/// What options or the file say.
Json body_of_options(const AdminProjectOptions& options) {
  if (!options.file.empty()) {
    auto body = Json::parse(read_file(options.file, kLargestBodyFile), nullptr, false);
    if (!body.is_object()) {
      throw InvalidError("specified a JSON object in '" + options.file + "', got something else");
    }
    return body;
  }
  Json body = Json::object();
  for (const auto& [field, text] : options.texts) {
    if (!text.empty()) body[field] = text;
  }
  for (const auto& [field, number] : options.numbers) {
    if (number >= 0) body[field] = number;
  }
  for (const auto& [field, flag] : options.flags) {
    if (flag) body[field] = true;
  }
  if (options.disabled) body["enabled"] = false;
  if (!options.members.empty()) body["members"] = options.members;
  if (!options.expression.empty()) {
    const auto colon = options.expression.find(':');
    if (colon == std::string::npos) {
      throw InvalidError("--expression: specified INPUT:PATH, got '" +
                         printable(options.expression) + "'");
    }
    body["expressionInput"] = options.expression.substr(0, colon);
    body["expressionPath"] = options.expression.substr(colon + 1);
  }
  for (const auto& input : options.inputs) add_input_argument(body, input);
  return body;
}

std::string text_field(const Json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void put_admin_project(ProjectAdmin& admin, const AdminProjectOptions& options) {
  admin.put_project(options.name, body_of_options(options));
}

void list_admin_projects(ProjectAdmin& admin, const AdminProjectOptions& options) {
  const auto list = admin.projects();
  if (options.json) return print_admin_json(list);
  for (const auto& project : list) {
    auto line = text_field(project, "name");
    const auto owner = text_field(project, "owner");
    if (!owner.empty()) line += " (of " + owner + ")";
    if (project.value("hidden", false)) line += " [hidden]";
    if (!project.value("enabled", true)) line += " [disabled]";
    print_admin_line(line);
  }
}

void delete_admin_project(ProjectAdmin& admin, const AdminProjectOptions& options) {
  admin.delete_project(options.name);
}

void put_admin_jobset(ProjectAdmin& admin, const AdminProjectOptions& options) {
  const auto [project, jobset] = JobsetArgument::parse(options.name);
  admin.put_jobset(project, jobset, body_of_options(options));
}

void list_admin_jobsets(ProjectAdmin& admin, const AdminProjectOptions& options) {
  const auto list = admin.jobsets(options.name);
  if (options.json) return print_admin_json(list);
  for (const auto& jobset : list) {
    auto line = text_field(jobset, "project") + ":" + text_field(jobset, "name") + " [" +
                text_field(jobset, "state") + "]";
    for (const auto* field : {"fetchProblem", "problem"}) {
      const auto problem = text_field(jobset, field);
      if (!problem.empty()) line += " " + problem.substr(0, problem.find('\n'));
    }
    print_admin_line(line);
  }
}

void delete_admin_jobset(ProjectAdmin& admin, const AdminProjectOptions& options) {
  const auto [project, jobset] = JobsetArgument::parse(options.name);
  admin.delete_jobset(project, jobset);
}

void clone_admin_jobset(ProjectAdmin& admin, const AdminProjectOptions& options) {
  const auto from = JobsetArgument::parse(options.name);
  const auto to = JobsetArgument::parse(options.to);
  auto body = jobset_body(admin.jobset(from.project, from.jobset));
  const auto state = options.texts.find("state");
  if (state != options.texts.end() && !state->second.empty()) body["state"] = state->second;
  bool is_taken = true;
  try {
    admin.jobset(to.project, to.jobset);
  } catch (const NotFoundError&) {
    is_taken = false;
  }
  if (is_taken) throw ConflictError("there is a jobset '" + printable(options.to) + "' already");
  admin.put_jobset(to.project, to.jobset, body);
}

using AdminProjectAction = void (*)(ProjectAdmin&, const AdminProjectOptions&);

/// Adds the subcommands of one noun.
class AdminProjectParts {
 public:
  AdminProjectParts(CLI::App& parent, Action& chosen, const char* noun, const char* about,
                    const char* footer)
      : chosen_(chosen), footer_(footer) {
    command_ = parent.add_subcommand(noun, about);
    command_->require_subcommand(1);
    command_->footer(footer);
  }

  CLI::App& add(const char* name, const char* about, AdminProjectAction action) {
    auto* command = command_->add_subcommand(name, about);
    add_admin_place_options(*command, options_->place);
    command->footer(footer_);
    command->callback([options = options_, action, &chosen = chosen_] {
      chosen = [options, action] {
        const InterruptWatch interrupt;
        const SystemClock clock;
        const auto admin = ProjectAdmin::open(options->place, clock, interrupt.token());
        action(*admin, *options);
        return kExitGood;
      };
    });
    return *command;
  }

  AdminProjectOptions& options() { return *options_; }
  void text(CLI::App& to, const char* option, const char* field, const char* about) {
    to.add_option(option, options_->texts[field], about)->type_name("TEXT");
  }
  void number(CLI::App& to, const char* option, const char* field, const char* about) {
    options_->numbers[field] = -1;
    to.add_option(option, options_->numbers[field], about)
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  }
  void flag(CLI::App& to, const char* option, const char* field, const char* about) {
    to.add_flag(option, options_->flags[field], about);
  }
  void file(CLI::App& to) {
    to.add_option("--json", options_->file, "All of it, as the API takes it, in place of options")
        ->type_name("FILE");
  }
  void name(CLI::App& to, const char* type, bool required = true) {
    auto* option = to.add_option("name", options_->name, "Which one")->type_name(type);
    if (required) option->required();
  }

 private:
  Action& chosen_;
  const char* footer_;
  CLI::App* command_ = nullptr;
  std::shared_ptr<AdminProjectOptions> options_ = std::make_shared<AdminProjectOptions>();
};

}  // namespace

void add_admin_project_command(CLI::App& parent, Action& chosen) {
  AdminProjectParts parts(parent, chosen, "project", "Projects", kAdminProjectFooter);
  auto& put = parts.add("put", "Make or replace one", put_admin_project);
  parts.name(put, "NAME");
  parts.text(put, "--rename", "name", "Its name from now on");
  parts.text(put, "--display-name", "displayName", "As people see it");
  parts.text(put, "--description", "description", "What it is");
  parts.text(put, "--homepage", "homepage", "Its URL");
  parts.text(put, "--owner", "owner", "The account that it belongs to");
  put.add_option("--member", parts.options().members, "An account that may change it (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  parts.flag(put, "--hidden", "hidden", "Only owner, members and administrators see it");
  put.add_flag("--disabled", parts.options().disabled, "Nothing of it is evaluated");
  parts.file(put);
  parts.add("list", "List them", list_admin_projects)
      .add_flag("--json", parts.options().json, "Print JSON");
  parts.name(parts.add("delete", "Delete one; its history stays", delete_admin_project), "NAME");
}

void add_admin_jobset_command(CLI::App& parent, Action& chosen) {
  AdminProjectParts parts(parent, chosen, "jobset", "Jobsets", kAdminJobsetFooter);
  auto& put = parts.add("put", "Make or replace one", put_admin_jobset);
  parts.name(put, "PROJECT:JOBSET");
  parts.text(put, "--rename", "name", "Its name from now on");
  parts.text(put, "--description", "description", "What it is");
  parts.text(put, "--mode", "state", "off, on, one-shot, one-at-a-time (default: on)");
  put.add_option("--expression", parts.options().expression, "What is evaluated, in which input")
      ->type_name("INPUT:PATH");
  put.add_option("--input", parts.options().inputs, "An input (repeatable)")
      ->type_name("NAME=TYPE:VALUE")
      ->allow_extra_args(false);
  parts.number(put, "--check-interval", "checkInterval", "Seconds; 0: never by itself");
  parts.number(put, "--shares", "shares", "Its part of the machines' time");
  parts.number(put, "--keep", "keep", "Of how many evaluations the results are kept");
  parts.flag(put, "--hidden", "hidden", "Only who may see a hidden project sees it");
  parts.flag(put, "--allow-import-from-derivation", "allowImportFromDerivation",
             "Evaluations may build what they read");
  parts.file(put);
  auto& list = parts.add("list", "List those of a project, or all", list_admin_jobsets);
  parts.name(list, "PROJECT", false);
  list.add_flag("--json", parts.options().json, "Print JSON");
  parts.name(parts.add("delete", "Delete one; its history stays", delete_admin_jobset),
             "PROJECT:JOBSET");
  auto& clone = parts.add("clone", "Make another one with the same settings", clone_admin_jobset);
  parts.name(clone, "PROJECT:JOBSET");
  clone.add_option("to", parts.options().to, "The new one")
      ->type_name("PROJECT:JOBSET")
      ->required();
  parts.text(clone, "--mode", "state", "Another mode than that of the first one");
}

}  // namespace grange
