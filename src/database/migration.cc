#include "database/migration.h"

#include <optional>
#include <string>

#include "base/error.h"
#include "base/fault.h"
#include "database/portable_schema.h"

namespace grange {
namespace {

/// Where a database says whose it is, and which version of its tables it has.
class SchemaMark {
 public:
  SchemaMark(Database& database, const SchemaIdentity& identity)
      : database_(database), identity_(identity) {}

  /// Throws ConflictError when it is something else.
  std::int64_t version() { return is_sqlite() ? sqlite_version() : postgres_version(); }

  void take_step(std::string_view step, std::int64_t version) {
    if (is_sqlite()) {
      database_.execute(step);
      database_.execute("PRAGMA application_id = " + std::to_string(identity_.application_id));
      database_.execute("PRAGMA user_version = " + std::to_string(version));
      return;
    }
    database_.execute(postgres_schema(step));
    if (version == 1) {
      database_.execute(
          "CREATE TABLE grange_schema (identity TEXT NOT NULL, version BIGINT NOT NULL)");
      database_.prepare("INSERT INTO grange_schema (identity, version) VALUES (?1, ?2)")
          .bind(1, identity_.noun)
          .bind(2, version)
          .run();
    } else {
      database_.prepare("UPDATE grange_schema SET version = ?1").bind(1, version).run();
    }
  }

 private:
  bool is_sqlite() const { return database_.kind() == DatabaseKind::sqlite; }

  std::int64_t number(std::string_view query) {
    auto statement = database_.prepare(query);
    return statement.step() ? statement.integer(0) : 0;
  }

  [[noreturn]] void refuse() const {
    throw ConflictError("'" + database_.name() + "' is a database of another program, not a " +
                        std::string(identity_.noun));
  }

  std::int64_t sqlite_version() {
    const auto application = number("PRAGMA application_id");
    if (application != identity_.application_id &&
        (application != 0 || number("SELECT count(*) FROM sqlite_schema") > 0)) {
      refuse();
    }
    return number("PRAGMA user_version");
  }

  std::int64_t postgres_version() {
    if (number("SELECT count(*) FROM pg_class WHERE oid = to_regclass('grange_schema')") == 0) {
      const auto tables = number(
          "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
          "WHERE nspname = current_schema() AND relkind IN ('r', 'p', 'v', 'm', 'f')");
      if (tables > 0) refuse();
      return 0;
    }
    auto mark = database_.prepare("SELECT identity, version FROM grange_schema");
    if (!mark.step() || mark.text(0) != identity_.noun) refuse();
    return mark.integer(1);
  }

  Database& database_;
  const SchemaIdentity& identity_;
};

[[noreturn]] void refuse_newer(const Database& database, const SchemaIdentity& identity,
                               std::int64_t version, std::int64_t present) {
  throw ConflictError("the " + std::string(identity.noun) + " '" + database.name() +
                      "' has schema " + std::to_string(version) +
                      ", newer than this version of Grange knows (" + std::to_string(present) +
                      "): use the newer Grange");
}

}  // namespace

void migrate(Database& database, const SchemaIdentity& identity,
             std::span<const std::string_view> steps) {
  SchemaMark mark(database, identity);
  const auto present = static_cast<std::int64_t>(steps.size());
  {
    // Its several reads must see one moment: another process may be creating the tables.
    const Snapshot snapshot(database);
    if (mark.version() == present) return;
  }
  for (;;) {
    Transaction transaction(database);
    database.lock("grange_schema");
    // Another process may have been here between.
    const auto version = mark.version();
    if (version == present) return;
    if (version > present) refuse_newer(database, identity, version, present);
    mark.take_step(steps[static_cast<std::size_t>(version)], version + 1);
    fault_point(identity.fault_point_name);
    transaction.commit();
  }
}

void require_schema(Database& database, const SchemaIdentity& identity, std::int64_t present) {
  const Snapshot snapshot(database);
  const auto version = SchemaMark(database, identity).version();
  if (version > present) refuse_newer(database, identity, version, present);
  if (version == present) return;
  throw InvalidError("the " + std::string(identity.noun) + " '" + database.name() +
                     "' has schema " + std::to_string(version) + ", specified " +
                     std::to_string(present) + ": `grange db migrate` brings it there");
}

}  // namespace grange
