#include "record/schema.h"

#include <array>
#include <string_view>
#include <vector>

#include "database/migration.h"
#include "record/farm_schema.h"

namespace grange {
namespace {

/// The number is "GRec".
constexpr SchemaIdentity kRecordSchema{"record", 0x47526563, "record.before-commit"};

/// Only ever appended to: every record that is out there begins somewhere in this list. In SQLite's
/// spelling of what PostgreSQL can do too (database/portable_schema.h). Times are microseconds
/// since 1970.
constexpr std::array<std::string_view, 4> kSteps = {R"sql(
CREATE TABLE selections (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE maps (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,  -- SHA-256 of the map's text
  content BLOB NOT NULL         -- the text (docs/formats/target-map.md), compressed with zstd
) STRICT;
CREATE TABLE evaluations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  selection INTEGER NOT NULL REFERENCES selections(id),
  started INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  map INTEGER NOT NULL REFERENCES maps(id),
  metadata BLOB NOT NULL        -- the map's metadata, compressed with zstd
) STRICT;
CREATE INDEX evaluations_by_selection ON evaluations(selection, complete, id);
CREATE INDEX evaluations_by_map ON evaluations(map);

CREATE TABLE policies (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE output_sets (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,  -- the OutputSetId
  outcome TEXT                  -- the last known one, whoever made it
) STRICT;
CREATE INDEX output_sets_not_good ON output_sets(digest) WHERE outcome <> 'good';
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  output_set INTEGER REFERENCES output_sets(id),  -- none: impure
  recipe TEXT NOT NULL,         -- base name of the .drv
  fixed_output INTEGER NOT NULL,
  policy INTEGER NOT NULL REFERENCES policies(id),
  outcome TEXT NOT NULL,
  started INTEGER NOT NULL,
  stopped INTEGER NOT NULL,
  message TEXT NOT NULL,
  log_tail TEXT NOT NULL
) STRICT;
-- What is failing now: the last attempt that says something about it has not succeeded.
CREATE TABLE failures (
  output_set INTEGER NOT NULL REFERENCES output_sets(id),
  policy INTEGER NOT NULL REFERENCES policies(id),
  recipe TEXT NOT NULL,         -- empty unless fixed-output: any recipe
  attempt INTEGER NOT NULL REFERENCES attempts(id),
  PRIMARY KEY (output_set, policy, recipe)
) STRICT, WITHOUT ROWID;
CREATE TABLE durations (
  id INTEGER PRIMARY KEY,
  output_set INTEGER REFERENCES output_sets(id),
  package TEXT NOT NULL,        -- the derivation's name without version
  seconds REAL NOT NULL
) STRICT;
CREATE INDEX durations_by_output_set ON durations(output_set, id);
CREATE INDEX durations_by_package ON durations(package, id);

-- What targets were good, so long as a map that says so is kept; for ever (no map) what was made.
CREATE TABLE good_recipes (
  digest BLOB PRIMARY KEY,      -- of the path of the .drv, 20 bytes
  map INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE good_output_sets (
  digest BLOB PRIMARY KEY,
  map INTEGER
) STRICT, WITHOUT ROWID;
)sql",
                                                    R"sql(
-- 1: made only to compare it with what was valid.
ALTER TABLE attempts ADD COLUMN checked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX attempts_by_output_set ON attempts(output_set, recipe);
-- Outputs that were made more than once: by an attempt that checked, or that repeated.
CREATE TABLE comparisons (
  attempt INTEGER NOT NULL REFERENCES attempts(id),
  output TEXT NOT NULL,         -- its name
  first BLOB NOT NULL,          -- SHA-256 of the NAR: of the valid one, or of the first round
  again BLOB NOT NULL,          -- of the other one
  PRIMARY KEY (attempt, output)
) STRICT, WITHOUT ROWID;
)sql",
                                                    R"sql(
-- Realisations that lost against an earlier one of the same id: the builds differ.
CREATE TABLE conflicts (
  id INTEGER PRIMARY KEY,
  found INTEGER NOT NULL,
  drv_output TEXT NOT NULL,     -- "sha256:HEX!OUTPUT"
  kept TEXT NOT NULL,           -- base names of store paths
  refused TEXT NOT NULL
) STRICT;
CREATE INDEX conflicts_by_drv_output ON conflicts(drv_output, id);
)sql",
                                                    R"sql(
-- Selections relative to the top level of their repository: equal for every checkout of it.
CREATE TABLE lines (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;
ALTER TABLE evaluations ADD COLUMN line INTEGER REFERENCES lines(id);
ALTER TABLE evaluations ADD COLUMN revision TEXT;  -- the commit, of a clean work tree only
CREATE INDEX evaluations_by_revision ON evaluations(line, revision, id)
  WHERE complete = 1 AND revision IS NOT NULL;
-- Commits that had a complete map until retention removed it: what is missed can be told from what
-- never was.
CREATE TABLE forgotten_revisions (
  line INTEGER NOT NULL REFERENCES lines(id),
  revision TEXT NOT NULL,
  PRIMARY KEY (line, revision)
) STRICT, WITHOUT ROWID;
)sql"};

std::vector<std::string_view> all_steps() {
  std::vector<std::string_view> steps(kSteps.begin(), kSteps.end());
  steps.push_back(kFarmSchema);
  steps.push_back(kDeclarationSchema);
  steps.push_back(kFarmStorageSchema);
  steps.push_back(kKeptBuildsSchema);
  steps.push_back(kFarmApiIndexes);
  steps.push_back(kUnchangedTargetsSchema);
  steps.push_back(kFarmPagesSchema);
  return steps;
}

}  // namespace

void migrate_record(Database& database) {
  migrate(database, kRecordSchema, all_steps());
}

void require_record(Database& database) {
  require_schema(database, kRecordSchema, static_cast<std::int64_t>(all_steps().size()));
}

}  // namespace grange
