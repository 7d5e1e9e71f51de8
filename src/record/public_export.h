#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "database/database.h"

namespace grange {

/// How many rows of which table were exported, and which tables were not.
struct PublicExportReport {
  std::map<std::string, std::int64_t> rows;
  std::set<std::string> left_out;
};

/// What becomes of a table in the public export.
enum class TableExport {
  exported,  ///< the rows that the rules let through
  left_out,  ///< by the rules
  secret,    ///< its name begins with "secret_"
  unknown,   ///< there is no rule for it: it is left out
};
TableExport table_export(std::string_view table);

/// The names of the tables that a database has.
std::set<std::string> table_names(Database& database);

/// `text` with the URLs in it as they may be shown: without user and password, and `with_query`
/// false, without what stands behind a "?".
std::string without_credentials(std::string_view text, bool with_query);

/// Writes a farm's public tables into a new SQLite file, with their ids.
///
/// Which tables there are is asked of the database. Those that are secret are never read, whatever
/// else is said of them, nor those that no rule is for. Hidden and deleted projects and jobsets are
/// left out with all that belongs to them, and derivations, facts, output sets and commits that
/// nothing uses which is exported; of derivations only name, digest and system are. Of accounts
/// there are those that own a project or are its members, without their e-mail addresses, as are
/// commits. What URLs in texts have before an "@" is left out, and of those of inputs the query.
///
/// The file is no record: its application id is another one. It appears when it is complete.
/// Throws ConflictError where there is something of its name, and what the database throws.
PublicExportReport export_public(Database& from, const std::filesystem::path& file);

}  // namespace grange
