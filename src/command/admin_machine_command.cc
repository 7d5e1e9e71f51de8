#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/admin_place.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "record/machines.h"

namespace grange {
namespace {

struct AdminMachineOptions {
  AdminPlace place;
  std::string machine;
};

constexpr const char* kAdminMachineFooter = R"(
On a machine that is drained nothing new starts; what runs goes on. It stays drained until it is
enabled, also when the server starts again.

Examples:
  grange admin machine list
  grange admin machine drain local
  grange admin machine enable local --server https://farm.example.org --token-file token

Exit codes:
  0 done · 64 usage · 66 no such machine · 75 the server or database is not there · 77 not permitted)";

struct ListedMachine {
  std::int64_t id = 0;
  std::string name;
  std::string systems;
  std::string features;
  std::uint64_t slots = 0;
  bool drained = false;
};

std::string joined_words(const nlohmann::ordered_json& words) {
  return join(words.get<std::vector<std::string>>(), " ");
}

std::vector<ListedMachine> ask_machines(FarmClient& client) {
  std::vector<ListedMachine> machines;
  const auto answer = client.get("/api/v1/machines");
  for (const auto& one : answer.at("machines")) {
    machines.push_back({one.at("id").get<std::int64_t>(), one.at("name").get<std::string>(),
                        joined_words(one.at("systems")), joined_words(one.at("features")),
                        one.at("slots").get<std::uint64_t>(), one.at("drained").get<bool>()});
  }
  return machines;
}

std::vector<ListedMachine> read_machines(Database& database) {
  const auto text_of = [](const std::set<std::string>& words) {
    return join(std::vector<std::string>(words.begin(), words.end()), " ");
  };
  std::vector<ListedMachine> machines;
  for (const auto& one : Machines(database).all()) {
    machines.push_back({one.id, one.name, text_of(one.systems), text_of(one.features),
                        std::uint64_t{one.slots}, one.drained});
  }
  return machines;
}

void print_machines(const std::vector<ListedMachine>& machines) {
  for (const auto& one : machines) {
    auto line =
        fmt::format("{} {}: {}, {}", one.id, one.name, plural(one.slots, "slot"), one.systems);
    if (!one.features.empty()) line += " with " + one.features;
    if (one.drained) line += " (drained)";
    print_admin_line(line);
  }
}

std::int64_t machine_named(const std::vector<ListedMachine>& machines, const std::string& name) {
  for (const auto& one : machines) {
    if (one.name == name || std::to_string(one.id) == name) return one.id;
  }
  throw NotFoundError("there is no machine '" + printable(name) + "'");
}

enum class MachineVerb { list, drain, enable };

int act_on_machine(const AdminMachineOptions& options, MachineVerb verb) {
  const InterruptWatch interrupt;
  const SystemClock clock;
  if (options.place.is_remote()) {
    FarmClient client(options.place.client, clock, interrupt.token());
    const auto machines = ask_machines(client);
    if (verb == MachineVerb::list) {
      print_machines(machines);
    } else {
      client.send("POST",
                  fmt::format("/api/v1/machines/{}/{}", machine_named(machines, options.machine),
                              verb == MachineVerb::drain ? "drain" : "enable"),
                  nullptr);
    }
    return kExitGood;
  }
  const auto database =
      open_farm_database(options.place.database,
                         verb == MachineVerb::list ? FarmOpening::reading : FarmOpening::writing);
  if (verb == MachineVerb::list) {
    print_machines(read_machines(*database));
    return kExitGood;
  }
  change_farm(*database, [&](Database& changed) {
    const auto id = machine_named(read_machines(changed), options.machine);
    Machines(changed).set_drained(id, verb == MachineVerb::drain);
  });
  return kExitGood;
}

}  // namespace

void add_admin_machine_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("machine", "Machines that make a farm's builds");
  command->require_subcommand(1);
  command->footer(kAdminMachineFooter);
  const auto options = std::make_shared<AdminMachineOptions>();
  const auto add = [&](const char* name, const char* about, MachineVerb verb) {
    auto* part = command->add_subcommand(name, about);
    add_admin_place_options(*part, options->place);
    if (verb != MachineVerb::list) {
      part->add_option("machine", options->machine, "Its name, or its number")
          ->type_name("MACHINE")
          ->required();
    }
    part->footer(kAdminMachineFooter);
    part->callback([options, verb, &chosen] {
      chosen = [options, verb] { return act_on_machine(*options, verb); };
    });
  };
  add("list", "Say which there are", MachineVerb::list);
  add("drain", "Let nothing new start there", MachineVerb::drain);
  add("enable", "Let it make builds again", MachineVerb::enable);
}

}  // namespace grange
