#include "record/public_export.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "record/rows.h"
#include "record/schema.h"

namespace grange {
namespace {

constexpr std::string_view kSecretPrefix = "secret_";
/// "GPub".
constexpr std::int64_t kPublicApplication = 0x47507562;

#define GRANGE_PUBLIC_PROJECTS "SELECT id FROM projects WHERE hidden = 0 AND deleted IS NULL"
#define GRANGE_PUBLIC_JOBSETS                               \
  "SELECT id FROM jobsets WHERE hidden = 0 AND deleted IS " \
  "NULL AND project IN (" GRANGE_PUBLIC_PROJECTS ")"
#define GRANGE_PUBLIC_EVALUATIONS \
  "SELECT id FROM evaluations WHERE jobset IN (" GRANGE_PUBLIC_JOBSETS ")"
#define GRANGE_PUBLIC_BUILDS "SELECT id FROM builds WHERE jobset IN (" GRANGE_PUBLIC_JOBSETS ")"
/// What builds and targets that are public have in this column of theirs.
#define GRANGE_PUBLIC_USES(column)                                                 \
  "SELECT " column " FROM builds WHERE " column                                    \
  " IS NOT NULL AND jobset IN (" GRANGE_PUBLIC_JOBSETS ") UNION SELECT " column    \
  " FROM targets WHERE jobset IN (" GRANGE_PUBLIC_JOBSETS ") UNION SELECT " column \
  " FROM partial_targets WHERE evaluation IN (" GRANGE_PUBLIC_EVALUATIONS ")"

struct ExportRule {
  std::string_view table;
  std::string_view condition;                 ///< which rows
  std::array<std::string_view, 3> blanked{};  ///< columns that are empty in each
  std::array<std::string_view, 2> places{};   ///< columns with URLs whose queries are left out
};

/// Tables come after those that they refer to.
constexpr ExportRule kExportRules[] = {
    {"accounts",
     "name IN (SELECT owner FROM projects WHERE hidden = 0 AND deleted IS NULL UNION "
     "SELECT account FROM project_members WHERE project IN (" GRANGE_PUBLIC_PROJECTS "))",
     {"email"}},
    {"projects", "id IN (" GRANGE_PUBLIC_PROJECTS ")"},
    {"project_members", "project IN (" GRANGE_PUBLIC_PROJECTS ")"},
    {"project_renames", "project IN (" GRANGE_PUBLIC_PROJECTS ")"},
    {"jobsets", "id IN (" GRANGE_PUBLIC_JOBSETS ")", {}, {"flake"}},
    {"jobset_renames", "jobset IN (" GRANGE_PUBLIC_JOBSETS ")"},
    {"jobset_inputs", "jobset IN (" GRANGE_PUBLIC_JOBSETS ")", {}, {"value"}},
    {"commits",
     "EXISTS (SELECT 1 FROM evaluation_inputs i WHERE i.uri = commits.uri AND "
     "i.revision = commits.revision AND i.evaluation IN (" GRANGE_PUBLIC_EVALUATIONS "))",
     {"email"},
     {"uri"}},
    {"evaluations", "jobset IN (" GRANGE_PUBLIC_JOBSETS ")"},
    {"evaluation_inputs", "evaluation IN (" GRANGE_PUBLIC_EVALUATIONS ")", {}, {"value", "uri"}},
    {"evaluation_errors", "evaluation IN (" GRANGE_PUBLIC_EVALUATIONS ")"},
    {"systems",
     "id IN (SELECT system FROM derivations WHERE id IN "
     "(" GRANGE_PUBLIC_USES("derivation") "))"},
    {"output_sets",
     "id IN (SELECT output_set FROM derivations WHERE id IN (" GRANGE_PUBLIC_USES(
         "derivation") ") "
                       "UNION SELECT output_set FROM builds WHERE jobset IN (" GRANGE_PUBLIC_JOBSETS
                       ") "
                       "UNION SELECT output_set FROM steps WHERE build IN (" GRANGE_PUBLIC_BUILDS
                       "))"},
    // Inputs and text are compressed with what was learnt from the derivations of all projects.
    {"derivations",
     "id IN (" GRANGE_PUBLIC_USES("derivation") ")",
     {"inputs", "content", "outputs"}},
    {"facts", "id IN (" GRANGE_PUBLIC_USES("facts") ")"},
    {"builds", "jobset IN (" GRANGE_PUBLIC_JOBSETS ")"},
    {"build_outputs", "build IN (" GRANGE_PUBLIC_BUILDS ")"},
    {"build_failed_inputs", "build IN (" GRANGE_PUBLIC_BUILDS ")"},
    {"build_products", "build IN (" GRANGE_PUBLIC_BUILDS ")"},
    {"build_metrics", "build IN (" GRANGE_PUBLIC_BUILDS ")"},
    {"build_constituents", "build IN (" GRANGE_PUBLIC_BUILDS ") AND constituent IN "
                           "(" GRANGE_PUBLIC_BUILDS ")"},
    {"targets", "jobset IN (" GRANGE_PUBLIC_JOBSETS ")"},
    {"partial_targets", "evaluation IN (" GRANGE_PUBLIC_EVALUATIONS ")"},
    {"unchanged_targets", "evaluation IN (" GRANGE_PUBLIC_EVALUATIONS ")"},
    {"machines", "id IN (SELECT machine FROM steps WHERE build IN (" GRANGE_PUBLIC_BUILDS "))"},
    {"steps", "build IN (" GRANGE_PUBLIC_BUILDS ")"},
    {"machine_time", "jobset IN (" GRANGE_PUBLIC_JOBSETS ") AND step IN "
                     "(SELECT id FROM steps WHERE build IN (" GRANGE_PUBLIC_BUILDS "))"},
};

#undef GRANGE_PUBLIC_PROJECTS
#undef GRANGE_PUBLIC_JOBSETS
#undef GRANGE_PUBLIC_EVALUATIONS
#undef GRANGE_PUBLIC_BUILDS
#undef GRANGE_PUBLIC_USES

/// Known and left out: of `grange ci`, whose selections name files of whoever ran it; of the
/// scheduler, by output set whoever asked for it; of who may do what; of no use outside.
constexpr std::string_view kLeftOut[] = {
    "account_roles",    "attempts",     "ci_evaluations",
    "ci_lines",         "comparisons",  "conflicts",
    "derivation_texts", "dictionaries", "durations",
    "events",           "failures",     "forgotten_revisions",
    "good_output_sets", "good_recipes", "grange_schema",
    "id_ranges",        "maps",         "marks",
    "policies",         "selections",
};

const ExportRule* find_export_rule(std::string_view table) {
  if (table.starts_with(kSecretPrefix)) return nullptr;
  const auto* const rule = std::find_if(std::begin(kExportRules), std::end(kExportRules),
                                        [&](const ExportRule& one) { return one.table == table; });
  return rule == std::end(kExportRules) ? nullptr : rule;
}

struct ExportColumn {
  std::string name;
  std::string type;  ///< INTEGER, REAL, TEXT, BLOB
  bool blanked = false;
  bool place = false;  ///< URLs without their queries
};

bool names_column(std::span<const std::string_view> names, const std::string& column) {
  return std::find(names.begin(), names.end(), column) != names.end();
}

std::vector<ExportColumn> export_columns(Database& to, const ExportRule& rule) {
  auto statement = to.prepare("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid");
  statement.bind(1, rule.table);
  std::vector<ExportColumn> columns;
  while (statement.step()) {
    ExportColumn column{std::string(statement.text(0)), std::string(statement.text(1))};
    column.blanked = names_column(rule.blanked, column.name);
    column.place = names_column(rule.places, column.name);
    columns.push_back(std::move(column));
  }
  GRANGE_CHECK(!columns.empty());
  // A column that was renamed must not slip through.
  for (const std::span<const std::string_view> names :
       {std::span<const std::string_view>(rule.blanked),
        std::span<const std::string_view>(rule.places)}) {
    for (const auto& name : names) {
      GRANGE_CHECK(name.empty() ||
                   std::any_of(columns.begin(), columns.end(),
                               [&](const ExportColumn& column) { return column.name == name; }));
    }
  }
  return columns;
}

/// "SELECT a, b FROM …": what is blanked is not even read.
std::string export_query(const ExportRule& rule, const std::vector<ExportColumn>& columns) {
  std::string sql = "SELECT ";
  std::string separator;
  for (const auto& column : columns) {
    if (column.blanked) continue;
    sql += separator + column.name;
    separator = ", ";
  }
  return sql + " FROM " + std::string(rule.table) + " WHERE " + std::string(rule.condition) +
         " ORDER BY 1";
}

void copy_column(const Statement& from, int at, const ExportColumn& column, BulkInsert& to,
                 int index) {
  if (from.is_null(at)) {
    to.bind_null(index);
  } else if (column.type == "INTEGER") {
    to.bind(index, from.integer(at));
  } else if (column.type == "REAL") {
    to.bind(index, from.real(at));
  } else if (column.type == "BLOB") {
    to.bind_blob(index, from.blob(at));
  } else {
    to.bind(index, std::string_view(without_credentials(from.text(at), !column.place)));
  }
}

std::int64_t copy_table(Database& from, Database& to, const ExportRule& rule) {
  const auto columns = export_columns(to, rule);
  std::vector<std::string_view> names;
  for (const auto& column : columns) names.push_back(column.name);
  auto rows = from.prepare(export_query(rule, columns));
  const auto bulk = to.bulk_insert(rule.table, names);
  std::int64_t count = 0;
  for (; rows.step(); ++count) {
    int at = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const int index = static_cast<int>(i) + 1;
      if (!columns[i].blanked) {
        copy_column(rows, at++, columns[i], *bulk, index);
      } else if (columns[i].type == "BLOB") {
        bulk->bind_blob(index, {});
      } else {
        bulk->bind(index, std::string_view());
      }
    }
    bulk->next();
  }
  bulk->finish();
  return count;
}

/// The tables of a record without those that nothing is written into.
std::unique_ptr<Database> make_public_tables(const std::filesystem::path& file) {
  DatabaseLocation location;
  location.file = file;
  auto to = open_database(location, {.durable = false});
  migrate_record(*to);
  to->execute("PRAGMA foreign_keys = OFF");
  Transaction transaction(*to);
  for (const auto& table : table_names(*to)) {
    if (find_export_rule(table) == nullptr) to->execute("DROP TABLE " + table);
  }
  // Without credentials two may have become the same.
  to->execute("DROP INDEX commits_by_revision");
  transaction.commit();
  return to;
}

/// SQLite checks that all that is referred to was copied; whoever adds a rule learns of it.
void check_references(Database& to) {
  auto statement = to.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1");
  if (!statement.step()) return;
  throw CorruptError("exported rows of '" + std::string(statement.text(0)) +
                     "' refer to rows of '" + std::string(statement.text(1)) +
                     "' that are not there");
}

void remove_with_journal(const std::filesystem::path& file) {
  std::error_code ignored;
  for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(file.string() + suffix, ignored);
  }
}

}  // namespace

std::string without_credentials(std::string_view text, bool with_query) {
  constexpr std::string_view kAuthority = "://";
  std::string shown;
  for (;;) {
    const auto begin = text.find(kAuthority);
    if (begin == std::string_view::npos) return shown.append(text);
    shown.append(text.substr(0, begin + kAuthority.size()));
    text.remove_prefix(begin + kAuthority.size());
    // A password may contain what should have been encoded, but no slash.
    const auto authority = text.substr(0, text.find_first_of("/?# \t\r\n'\"<>"));
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      text.remove_prefix(at + 1);
    }
    if (with_query) continue;
    const auto end = text.find_first_of(" \t\r\n");
    const auto query = text.substr(0, end).find('?');
    if (query == std::string_view::npos) continue;
    shown.append(text.substr(0, query));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
}

TableExport table_export(std::string_view table) {
  if (table.starts_with(kSecretPrefix)) return TableExport::secret;
  if (find_export_rule(table) != nullptr) return TableExport::exported;
  const bool is_left_out =
      std::find(std::begin(kLeftOut), std::end(kLeftOut), table) != std::end(kLeftOut);
  return is_left_out ? TableExport::left_out : TableExport::unknown;
}

std::set<std::string> table_names(Database& database) {
  auto statement = database.prepare(
      database.kind() == DatabaseKind::sqlite
          ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' "
            "ESCAPE '^'"
          : "SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables "
            "WHERE schemaname = current_schema()");
  std::set<std::string> names;
  while (statement.step()) names.emplace(statement.text(0));
  return names;
}

PublicExportReport export_public(Database& from, const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) {
    throw ConflictError("'" + file.string() + "' is there already");
  }
  const std::filesystem::path part = file.string() + ".part";
  remove_with_journal(part);
  PublicExportReport report;
  try {
    const auto to = make_public_tables(part);
    const Snapshot snapshot(from);
    const auto present = table_names(from);
    for (const auto& table : present) {
      if (table_export(table) != TableExport::exported) report.left_out.insert(table);
    }
    Transaction transaction(*to);
    for (const auto& rule : kExportRules) {
      const std::string table(rule.table);
      if (!present.contains(table)) {
        throw CorruptError("'" + from.name() + "' has no table '" + table + "'");
      }
      report.rows[table] = copy_table(from, *to, rule);
    }
    check_references(*to);
    transaction.commit();
    to->execute("PRAGMA application_id = " + std::to_string(kPublicApplication));
    to->execute("VACUUM");
    to->execute("PRAGMA journal_mode = DELETE");
  } catch (...) {
    remove_with_journal(part);
    throw;
  }
  std::filesystem::rename(part, file);
  return report;
}

}  // namespace grange
