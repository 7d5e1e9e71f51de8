#include "store/realisation_tables.h"

#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

// Names, types, keys and their order are Nix's: other programs read these tables.
constexpr std::string_view kRealisationTables = R"sql(
create table if not exists Realisations (
    id         integer primary key autoincrement not null,
    drvPath    text not null,
    outputName text not null,
    outputPath integer not null,
    signatures text,
    foreign key (outputPath) references ValidPaths(id) on delete cascade
);
create index if not exists IndexRealisations on Realisations(drvPath, outputName);
create table if not exists RealisationsRefs (
    referrer             integer not null,
    realisationReference integer,
    foreign key (referrer) references Realisations(id) on delete cascade,
    foreign key (realisationReference) references Realisations(id) on delete restrict
);
create index if not exists IndexRealisationsRefs on RealisationsRefs(referrer);
create index if not exists IndexRealisationsRefsOnOutputPath on Realisations(outputPath);
)sql";

std::filesystem::path schema_file(const StoreLocation& location) {
  return location.state / "db/ca-schema";
}

/// The column is called drvPath, but holds the hash of the id.
std::string hash_column(const DrvOutput& id) {
  return "sha256:" + base16_encode(id.hash);
}

StorePath parse_row_path(const StoreDir& store, std::string_view full) {
  if (auto path = store.try_parse_path(full)) return std::move(*path);
  throw CorruptError("the store's table of realisations holds '" + printable(full) +
                     "', which is no path of '" + store.str() + "'");
}

std::string join_words(const std::set<std::string>& words) {
  return join({words.begin(), words.end()}, " ");
}

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  for (const auto word : split_words(text)) words.emplace(word);
  return words;
}

}  // namespace

bool has_realisation_tables(const StoreLocation& location) {
  const auto text = try_read_file(schema_file(location), 100);
  const auto schema = text ? parse_number(trim(*text)) : std::nullopt;
  if (!schema || *schema < kRealisationSchema) return false;
  if (*schema > kRealisationSchema) {
    throw ConflictError("the realisations of the store at '" + location.real_store.string() +
                        "' have schema " + std::to_string(*schema) +
                        "; this program knows schema " + std::to_string(kRealisationSchema) +
                        ": they were written by a newer Nix, use a newer Grange");
  }
  return true;
}

void create_realisation_tables(SqliteDatabase& database) {
  database.execute(kRealisationTables);
}

void mark_realisation_tables(const StoreLocation& location) {
  write_file(schema_file(location), std::to_string(kRealisationSchema), Durability::atomic);
}

RealisationTables::RealisationTables(SqliteDatabase& database, StoreDir store)
    : store_(std::move(store)),
      database_(database),
      find_(database.prepare("select r.id, v.path, r.signatures from Realisations r "
                             "join ValidPaths v on v.id = r.outputPath "
                             "where r.drvPath = ? and r.outputName = ? order by r.id limit 1")),
      of_path_(database.prepare("select r.drvPath, r.outputName from ValidPaths v "
                                "join Realisations r on r.outputPath = v.id "
                                "where v.path = ? order by r.id limit ?")),
      dependencies_(
          database.prepare("select r.drvPath, r.outputName, v.path from RealisationsRefs f "
                           "join Realisations r on r.id = f.realisationReference "
                           "join ValidPaths v on v.id = r.outputPath where f.referrer = ?")),
      path_(database.prepare("select id from ValidPaths where path = ?")),
      insert_(database.prepare("insert into Realisations (drvPath, outputName, outputPath, "
                               "signatures) values (?, ?, ?, ?)")),
      sign_(database.prepare("update Realisations set signatures = ? where id = ?")),
      depend_(database.prepare("insert into RealisationsRefs (referrer, realisationReference) "
                               "values (?, ?)")) {}

std::optional<RealisationTables::Row> RealisationTables::find_row(const DrvOutput& id) {
  std::optional<Row> row;
  if (find_.bind(1, hash_column(id)).bind(2, id.output).step()) {
    row = Row{find_.integer(0), parse_row_path(store_, find_.text(1)), std::string(find_.text(2))};
  }
  find_.reset();
  return row;
}

std::vector<DrvOutput> RealisationTables::of_path(const StorePath& path, std::size_t limit) {
  std::vector<DrvOutput> ids;
  of_path_.bind(1, store_.print(path)).bind(2, static_cast<std::int64_t>(limit));
  while (of_path_.step()) {
    ids.push_back(
        DrvOutput::parse(std::string(of_path_.text(0)) + "!" + std::string(of_path_.text(1))));
  }
  of_path_.reset();
  return ids;
}

std::optional<Realisation> RealisationTables::find(const DrvOutput& id) {
  auto row = find_row(id);
  if (!row) return std::nullopt;
  Realisation found{id, std::move(row->out_path), words_of(row->signatures)};
  dependencies_.bind(1, row->id);
  while (dependencies_.step()) {
    found.dependencies.emplace(DrvOutput::parse(std::string(dependencies_.text(0)) + "!" +
                                                std::string(dependencies_.text(1))),
                               parse_row_path(store_, dependencies_.text(2)));
  }
  dependencies_.reset();
  return found;
}

std::optional<StorePath> RealisationTables::put(const Realisation& realisation) {
  auto row = find_row(realisation.id);
  if (!row) {
    insert(realisation);
    return std::nullopt;
  }
  if (row->out_path != realisation.out_path) return std::move(row->out_path);
  auto signatures = words_of(row->signatures);
  const auto before = signatures.size();
  signatures.insert(realisation.signatures.begin(), realisation.signatures.end());
  if (signatures.size() > before) sign_.bind(1, join_words(signatures)).bind(2, row->id).run();
  return std::nullopt;
}

void RealisationTables::insert(const Realisation& realisation) {
  std::optional<std::int64_t> path;
  if (path_.bind(1, store_.print(realisation.out_path)).step()) path = path_.integer(0);
  path_.reset();
  if (!path) {
    throw InvalidError("the realisation '" + realisation.id.to_string() + "' leads to '" +
                       store_.print(realisation.out_path) + "', which is not valid");
  }
  insert_.bind(1, hash_column(realisation.id)).bind(2, realisation.id.output).bind(3, *path);
  insert_.bind(4, join_words(realisation.signatures)).run();
  const auto referrer = database_.last_insert_id();
  for (const auto& [id, out_path] : realisation.dependencies) {
    const auto row = find_row(id);
    if (row && row->out_path == out_path) depend_.bind(1, referrer).bind(2, row->id).run();
  }
}

}  // namespace grange
