#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/text.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/farm_place.h"
#include "command/interrupt.h"
#include "record/farm_check.h"
#include "record/public_export.h"

namespace grange {
namespace {

struct DbOptions {
  FarmPlaceOptions place;
  std::string file;
};

constexpr const char* kDbFooter = R"(
Works on the database itself, also while a server uses it.

Examples:
  grange db migrate --database postgresql:///grange
  grange db check --state ~/farm
  grange db export-public farm.sqlite && sqlite3 farm.sqlite 'SELECT name FROM projects')";

constexpr const char* kMigrateFooter = R"(
Brings the tables to the schema of this version, or makes them. `grange serve` does it by itself.

Exit codes:
  0 done · 64 usage · 65 not a record · 75 a newer schema, another program's database, or not available
  77 not permitted)";

constexpr const char* kCheckFooter = R"(
Rebuilds every complete evaluation from the ranges of its jobset's history and compares number and
digest of its targets with what was recorded; counts the builds of evaluations and jobsets anew. What
is wrong is printed, a line each. Reads only.

Exit codes:
  0 all agrees · 1 something does not · 64 usage · 65 not a record of this version (see grange db
  migrate) · 66 there is no database · 75 not available · 130 interrupted)";

constexpr const char* kExportFooter = R"(
Writes what everybody may see into a new SQLite file: projects, jobsets, evaluations, targets, builds
and steps, with their numbers. Left out are hidden and deleted projects and jobsets with all that
belongs to them, every table whose name begins with "secret_", every table that this version has no
rule for, e-mail addresses, and the texts of derivations.

Exit codes:
  0 written · 64 usage · 65 not a record of this version · 66 there is no database
  75 the file is there already, or the database is not available · 77 not permitted)";

int run_db_migrate(const DbOptions& options) {
  open_farm_database(options.place, FarmOpening::making);
  std::printf("%s: the schema is that of this version\n",
              printable(farm_database_location(options.place).shown()).c_str());
  return kExitGood;
}

int run_db_check(const DbOptions& options) {
  const InterruptWatch interrupt;
  const auto database = open_farm_database(options.place, FarmOpening::reading);
  const bool shows = ::isatty(STDERR_FILENO) == 1;
  const auto report = FarmCheck(*database).run(
      [&](std::int64_t done, std::int64_t all) {
        if (!shows) return;
        std::fprintf(stderr, "\r%lld of %lld evaluations", static_cast<long long>(done),
                     static_cast<long long>(all));
        if (done == all) std::fputc('\n', stderr);
      },
      interrupt.token());
  for (const auto& problem : report.problems) std::printf("%s\n", printable(problem).c_str());
  const auto more = report.problem_count - static_cast<std::int64_t>(report.problems.size());
  if (more > 0) std::printf("… and %lld more\n", static_cast<long long>(more));
  std::printf("%s with %s, %s: %s\n",
              plural(static_cast<std::uint64_t>(report.evaluations), "evaluation").c_str(),
              plural(static_cast<std::uint64_t>(report.targets), "target").c_str(),
              plural(static_cast<std::uint64_t>(report.jobsets), "jobset").c_str(),
              report.good()
                  ? "all agrees"
                  : plural(static_cast<std::uint64_t>(report.problem_count), "problem").c_str());
  return report.good() ? kExitGood : kExitFailed;
}

int run_db_export(const DbOptions& options) {
  const auto database = open_farm_database(options.place, FarmOpening::reading);
  const auto report = export_public(*database, options.file);
  for (const auto& [table, rows] : report.rows) {
    std::printf("%s: %s\n", table.c_str(), plural(static_cast<std::uint64_t>(rows), "row").c_str());
  }
  for (const auto& table : report.left_out) {
    if (table_export(table) != TableExport::unknown) continue;
    std::fprintf(stderr, "grange db: table '%s' is not known here: left out\n",
                 printable(table).c_str());
  }
  return kExitGood;
}

CLI::App* add_db_part(CLI::App& parent, const std::shared_ptr<DbOptions>& options, const char* name,
                      const char* about, const char* footer, int (*action)(const DbOptions&),
                      Action& chosen) {
  auto* command = parent.add_subcommand(name, about);
  add_farm_place_options(*command, options->place);
  command->footer(footer);
  command->callback(
      [options, action, &chosen] { chosen = [options, action] { return action(*options); }; });
  return command;
}

}  // namespace

void add_db_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("db", "A farm's database: migrate, check, export");
  command->require_subcommand(1);
  command->footer(kDbFooter);
  const auto options = std::make_shared<DbOptions>();
  add_db_part(*command, options, "migrate", "Bring the tables to this version's schema",
              kMigrateFooter, run_db_migrate, chosen);
  add_db_part(*command, options, "check", "Is what is recorded consistent?", kCheckFooter,
              run_db_check, chosen);
  add_db_part(*command, options, "export-public", "Write what is public into a SQLite file",
              kExportFooter, run_db_export, chosen)
      ->add_option("file", options->file, "The new file")
      ->type_name("FILE")
      ->required();
}

}  // namespace grange
