#include "record/farm_schema.h"

namespace grange {

const std::string_view kFarmSchema = R"sql(
-- What `grange ci` keeps: whole maps by selection. The plain names are the farm's.
ALTER TABLE evaluations RENAME TO ci_evaluations;
ALTER TABLE lines RENAME TO ci_lines;

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  full_name TEXT NOT NULL,
  email TEXT NOT NULL,
  created INTEGER NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE account_roles (
  account INTEGER NOT NULL REFERENCES accounts(id),
  role TEXT NOT NULL,
  PRIMARY KEY (account, role)
) STRICT, WITHOUT ROWID;
CREATE TABLE secret_passwords (
  account INTEGER PRIMARY KEY REFERENCES accounts(id),
  hash TEXT NOT NULL            -- Argon2id, as libsodium prints it
) STRICT;
CREATE TABLE secret_sessions (
  digest BLOB PRIMARY KEY,      -- SHA-256 of the cookie
  account INTEGER NOT NULL REFERENCES accounts(id),
  csrf TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_account ON secret_sessions(account, created);
CREATE INDEX sessions_by_expiry ON secret_sessions(expires);
CREATE TABLE secret_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE,  -- SHA-256 of the token
  scopes TEXT NOT NULL,         -- separated by spaces
  created INTEGER NOT NULL,
  expires INTEGER,
  last_used INTEGER
) STRICT;
CREATE INDEX tokens_by_account ON secret_tokens(account, id);
CREATE TABLE secret_setup (     -- the one-time link of the first administrator
  digest BLOB PRIMARY KEY,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE secret_webhooks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  forge TEXT NOT NULL,          -- github, gitea
  secret TEXT NOT NULL
) STRICT;

CREATE TABLE projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  homepage TEXT NOT NULL,
  owner TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  declared_in TEXT NOT NULL,    -- the file that declares it; empty: made by the API
  version INTEGER NOT NULL,     -- counts its changes
  deleted INTEGER               -- when; its history stays
) STRICT;
CREATE UNIQUE INDEX projects_by_name ON projects(name) WHERE deleted IS NULL;
CREATE TABLE project_members (
  project INTEGER NOT NULL REFERENCES projects(id),
  account TEXT NOT NULL,
  PRIMARY KEY (project, account)
) STRICT, WITHOUT ROWID;
CREATE TABLE project_renames (
  old_name TEXT PRIMARY KEY,
  project INTEGER NOT NULL REFERENCES projects(id)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobsets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  state INTEGER NOT NULL,       -- 0 off, 1 on, 2 one-shot, 3 one at a time
  hidden INTEGER NOT NULL,
  flake TEXT NOT NULL,          -- empty: an expression in an input
  expression_input TEXT NOT NULL,
  expression_path TEXT NOT NULL,
  check_interval INTEGER NOT NULL,  -- seconds; 0: never by itself
  shares INTEGER NOT NULL,
  keep INTEGER NOT NULL,        -- how many evaluations' results are kept
  allow_import_from_derivation INTEGER NOT NULL,
  declared_in TEXT NOT NULL,
  version INTEGER NOT NULL,
  deleted INTEGER,
  -- what becomes of it
  last_checked INTEGER,
  triggered INTEGER,            -- since when an evaluation is asked for
  forced INTEGER NOT NULL,      -- also where the inputs are unchanged
  evaluating INTEGER,           -- since when
  fetch_problem TEXT NOT NULL,
  problem TEXT NOT NULL,
  problem_since INTEGER,
  next_position INTEGER NOT NULL,
  epoch INTEGER NOT NULL,       -- of its target rows
  live_rows INTEGER NOT NULL,
  closed_rows INTEGER NOT NULL,
  queued_builds INTEGER NOT NULL,
  good_builds INTEGER NOT NULL,
  failed_builds INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX jobsets_by_name ON jobsets(project, name) WHERE deleted IS NULL;
CREATE TABLE jobset_renames (
  project INTEGER NOT NULL REFERENCES projects(id),
  old_name TEXT NOT NULL,
  jobset INTEGER NOT NULL REFERENCES jobsets(id),
  PRIMARY KEY (project, old_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE jobset_inputs (
  jobset INTEGER NOT NULL REFERENCES jobsets(id),
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (jobset, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE commits (
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL,
  branch TEXT NOT NULL,
  revision TEXT NOT NULL,
  author TEXT NOT NULL,
  email TEXT NOT NULL,
  authored INTEGER NOT NULL,
  subject TEXT NOT NULL,
  first_seen INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX commits_by_revision ON commits(uri, branch, revision);

CREATE TABLE evaluations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  jobset INTEGER NOT NULL REFERENCES jobsets(id),
  state TEXT NOT NULL,          -- running, complete, failed
  position INTEGER,             -- in its jobset's history; complete ones only
  epoch INTEGER,
  base INTEGER REFERENCES evaluations(id),
  started INTEGER NOT NULL,
  finished INTEGER,
  fetch_seconds REAL NOT NULL,
  inputs_digest BLOB NOT NULL,  -- SHA-256 over what was evaluated
  problem TEXT NOT NULL,
  digest BLOB,                  -- SHA-256 over its targets
  targets INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  same INTEGER NOT NULL,        -- verdicts
  equivalent INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  unverified INTEGER NOT NULL,
  added INTEGER NOT NULL,
  removed INTEGER NOT NULL,
  queued INTEGER NOT NULL,      -- its builds
  good INTEGER NOT NULL,
  failed INTEGER NOT NULL
) STRICT;
CREATE INDEX evaluations_by_jobset ON evaluations(jobset, id);
CREATE INDEX evaluations_by_position ON evaluations(jobset, position) WHERE position IS NOT NULL;
CREATE INDEX evaluations_running ON evaluations(id) WHERE state = 'running';
CREATE TABLE evaluation_inputs (
  evaluation INTEGER NOT NULL REFERENCES evaluations(id),
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  value TEXT NOT NULL,
  uri TEXT NOT NULL,
  revision TEXT NOT NULL,
  store_path TEXT NOT NULL,     -- base name; empty: none
  PRIMARY KEY (evaluation, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE evaluation_errors (
  evaluation INTEGER NOT NULL REFERENCES evaluations(id),
  label TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (evaluation, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE systems (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE derivations (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL,         -- of its path, 20 bytes
  name TEXT NOT NULL,           -- of its path, without ".drv"
  gnu INTEGER NOT NULL,         -- 0: below /nix/store, 1: below /gnu/store
  system INTEGER NOT NULL REFERENCES systems(id),
  output_set INTEGER REFERENCES output_sets(id),
  unverified INTEGER NOT NULL,  -- 1: its closure was not complete
  inputs BLOB NOT NULL,         -- ids of those it uses, seven bits a byte, the least significant first
  content BLOB NOT NULL         -- the text of its .drv file, compressed with zstd
) STRICT;
CREATE UNIQUE INDEX derivations_by_digest ON derivations(digest);
CREATE INDEX derivations_by_output_set ON derivations(output_set);
CREATE TABLE id_ranges (
  name TEXT PRIMARY KEY,        -- a table whose ids are allocated many at once
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE dictionaries (
  id INTEGER PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;
CREATE TABLE facts (            -- what an evaluation says of a target beside its derivation
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  content BLOB NOT NULL
) STRICT;

CREATE TABLE builds (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  server INTEGER NOT NULL,      -- the build server; this farm is 0
  jobset INTEGER REFERENCES jobsets(id),
  label TEXT NOT NULL,
  derivation INTEGER REFERENCES derivations(id),
  derivation_name TEXT NOT NULL,  -- its file name, where the derivation is not known
  output_set INTEGER REFERENCES output_sets(id),
  evaluation INTEGER REFERENCES evaluations(id),  -- that asked for it first
  name TEXT NOT NULL,
  system TEXT NOT NULL,
  facts INTEGER REFERENCES facts(id),
  priority INTEGER NOT NULL,
  bumped INTEGER NOT NULL,      -- when, 0: not
  keep INTEGER NOT NULL,
  queued INTEGER NOT NULL,
  started INTEGER,
  stopped INTEGER,
  outcome TEXT,                 -- none: not finished
  made INTEGER NOT NULL,        -- by an attempt for it; 0: it was there
  tries INTEGER NOT NULL,
  retry_at INTEGER,
  message TEXT NOT NULL,
  release_name TEXT NOT NULL,
  size INTEGER NOT NULL,
  closure_size INTEGER NOT NULL
) STRICT;
CREATE INDEX builds_unfinished ON builds(id) WHERE outcome IS NULL;
CREATE INDEX builds_unfinished_by_jobset ON builds(jobset, id) WHERE outcome IS NULL;
CREATE INDEX builds_by_label ON builds(jobset, label, id);
CREATE INDEX builds_by_output_set ON builds(output_set, id);
CREATE INDEX builds_by_derivation ON builds(derivation);
CREATE INDEX builds_by_evaluation ON builds(evaluation, id);
CREATE TABLE build_outputs (
  build INTEGER NOT NULL REFERENCES builds(id),
  name TEXT NOT NULL,
  path TEXT NOT NULL,           -- base name
  PRIMARY KEY (build, name)
) STRICT, WITHOUT ROWID;
-- What failed so that a build could not be made; of one that failed itself, its own derivation.
CREATE TABLE build_failed_inputs (
  build INTEGER NOT NULL REFERENCES builds(id),
  derivation TEXT NOT NULL,     -- file name
  PRIMARY KEY (build, derivation)
) STRICT, WITHOUT ROWID;
CREATE INDEX build_failed_inputs_by_derivation ON build_failed_inputs(derivation);
CREATE INDEX build_outputs_by_path ON build_outputs(path);
CREATE TABLE build_products (
  build INTEGER NOT NULL REFERENCES builds(id),
  number INTEGER NOT NULL,      -- from 1
  type TEXT NOT NULL,
  subtype TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,           -- absolute
  default_path TEXT NOT NULL,
  size INTEGER,
  sha256 BLOB,
  PRIMARY KEY (build, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE build_metrics (
  build INTEGER NOT NULL REFERENCES builds(id),
  name TEXT NOT NULL,
  value REAL NOT NULL,
  unit TEXT NOT NULL,
  PRIMARY KEY (build, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE build_constituents (
  build INTEGER NOT NULL REFERENCES builds(id),
  constituent INTEGER NOT NULL REFERENCES builds(id),
  PRIMARY KEY (build, constituent)
) STRICT, WITHOUT ROWID;

-- A label of a jobset stood for a derivation from one position of its history to another. Of one
-- label at most one row is open (no `last`).
CREATE TABLE targets (
  jobset INTEGER NOT NULL REFERENCES jobsets(id),
  epoch INTEGER NOT NULL,
  label TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER,
  derivation INTEGER NOT NULL REFERENCES derivations(id),
  facts INTEGER NOT NULL REFERENCES facts(id),
  build INTEGER NOT NULL REFERENCES builds(id),
  PRIMARY KEY (jobset, epoch, label, first)
) STRICT, WITHOUT ROWID;
CREATE INDEX targets_by_build ON targets(build);
CREATE INDEX targets_by_first ON targets(jobset, epoch, first);
CREATE INDEX targets_by_last ON targets(jobset, epoch, last);
-- The targets of evaluations that have no position: running or failed.
CREATE TABLE partial_targets (
  evaluation INTEGER NOT NULL REFERENCES evaluations(id),
  label TEXT NOT NULL,
  derivation INTEGER NOT NULL REFERENCES derivations(id),
  facts INTEGER NOT NULL REFERENCES facts(id),
  build INTEGER NOT NULL REFERENCES builds(id),
  PRIMARY KEY (evaluation, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX partial_targets_by_build ON partial_targets(build);

CREATE TABLE machines (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  systems TEXT NOT NULL,        -- separated by spaces
  features TEXT NOT NULL,
  mandatory_features TEXT NOT NULL,
  slots INTEGER NOT NULL,
  speed REAL NOT NULL,
  drained INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL
) STRICT;
CREATE TABLE steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  output_set INTEGER REFERENCES output_sets(id),  -- none: impure
  derivation TEXT NOT NULL,     -- base name of the recipe
  build INTEGER REFERENCES builds(id),  -- the first of those that it was made for
  machine INTEGER REFERENCES machines(id),
  system TEXT NOT NULL,
  how TEXT NOT NULL,            -- made, substituted, cut off
  outcome TEXT,                 -- none: running
  started INTEGER NOT NULL,
  stopped INTEGER,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX steps_by_build ON steps(build, id);
CREATE INDEX steps_by_output_set ON steps(output_set, id);
CREATE INDEX steps_running ON steps(id) WHERE outcome IS NULL;
CREATE INDEX steps_by_machine ON steps(machine, id);
CREATE TABLE machine_time (     -- of whom, for which jobset: what shares are counted by
  step INTEGER NOT NULL REFERENCES steps(id),
  jobset INTEGER NOT NULL,
  started INTEGER NOT NULL,
  stopped INTEGER NOT NULL,
  core_seconds REAL NOT NULL,
  PRIMARY KEY (step, jobset, started)
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_time_by_stopped ON machine_time(stopped);

CREATE INDEX attempts_by_recipe ON attempts(recipe);

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  jobset INTEGER,
  evaluation INTEGER,
  build INTEGER,
  data TEXT NOT NULL            -- JSON
) STRICT;
)sql";

const std::string_view kDeclarationSchema = R"sql(
-- A digest of what a file last declared a jobset as; empty: nothing.
ALTER TABLE jobsets ADD COLUMN declaration TEXT NOT NULL DEFAULT '';
ALTER TABLE secret_webhooks ADD COLUMN declared_in TEXT NOT NULL DEFAULT '';
-- Of git inputs, the reference in full; empty: a revision alone was named.
ALTER TABLE evaluation_inputs ADD COLUMN branch TEXT NOT NULL DEFAULT '';
CREATE INDEX commits_by_branch ON commits(uri, branch, id);
)sql";

const std::string_view kFarmStorageSchema = R"sql(
CREATE TABLE marks (            -- what holds of the whole record
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Of derivations that came since: digests of outputs whose paths are known (derivation_text.h). Their
-- `content` is empty, and their text is in a batch.
ALTER TABLE derivations ADD COLUMN outputs BLOB;
CREATE TABLE derivation_texts (
  first INTEGER PRIMARY KEY,    -- id of the first derivation of those whose texts these are
  dictionary INTEGER NOT NULL,  -- 0: none
  content BLOB NOT NULL         -- length and text of each, abbreviated, compressed with zstd
) STRICT;
CREATE INDEX builds_by_stopped ON builds(stopped) WHERE stopped IS NOT NULL;
-- Rows that are open have no last position; by the first one alone nobody asks.
DROP INDEX targets_by_first;
DROP INDEX targets_by_last;
CREATE INDEX targets_by_last ON targets(jobset, epoch, last) WHERE last IS NOT NULL;
)sql";

const std::string_view kKeptBuildsSchema = R"sql(
CREATE INDEX builds_kept ON builds(id) WHERE keep = 1;
)sql";

const std::string_view kFarmApiIndexes = R"sql(
-- What the API filters by.
CREATE INDEX builds_by_queued ON builds(queued);
CREATE INDEX failures_by_attempt ON failures(attempt);
)sql";

const std::string_view kUnchangedTargetsSchema = R"sql(
-- Targets of running evaluations that are those of the jobset's last complete one: not in
-- partial_targets.
CREATE TABLE unchanged_targets (
  evaluation INTEGER NOT NULL REFERENCES evaluations(id),
  number INTEGER NOT NULL,
  labels BLOB NOT NULL,         -- length and text of each (derivation_text.h), compressed with zstd
  PRIMARY KEY (evaluation, number)
) STRICT, WITHOUT ROWID;
)sql";

const std::string_view kFarmPagesSchema = R"sql(
-- Of its builds that have ended, each target counted; none: of before this was counted.
ALTER TABLE evaluations ADD COLUMN output_size INTEGER;
ALTER TABLE evaluations ADD COLUMN closure_size INTEGER;
-- What people look for and filter by.
CREATE INDEX builds_unfinished_by_system ON builds(system, jobset) WHERE outcome IS NULL;
CREATE INDEX builds_failed ON builds(jobset, outcome, id) WHERE outcome <> 'good';
CREATE INDEX steps_failed ON steps(outcome, id) WHERE outcome <> 'good';
CREATE INDEX evaluation_inputs_by_revision ON evaluation_inputs(revision, evaluation)
  WHERE revision <> '';
)sql";

}  // namespace grange
