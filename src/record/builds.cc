#include "record/builds.h"

#include "base/error.h"
#include "record/derivations.h"
#include "record/filtered_query.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kBuildColumns =
    "SELECT b.id, b.server, coalesce(b.jobset, 0), b.label, coalesce(b.derivation, 0), "
    "b.derivation_name, coalesce(b.output_set, 0), coalesce(b.evaluation, 0), b.name, b.system, "
    "coalesce(b.facts, 0), b.priority, b.bumped, b.keep, b.queued, b.started, b.stopped, "
    "b.outcome, b.made, b.tries, b.retry_at, b.message, b.release_name, b.size, b.closure_size, "
    "d.digest, d.name FROM builds b LEFT JOIN derivations d ON d.id = b.derivation ";

BuildRow read_build(const Statement& statement) {
  RowReader row(statement);
  BuildRow build;
  build.id = row.integer();
  build.server = row.integer();
  build.jobset = row.integer();
  build.label = row.text();
  build.derivation = row.integer();
  build.derivation_name = row.text();
  build.output_set = row.integer();
  build.evaluation = row.integer();
  build.name = row.text();
  build.system = row.text();
  build.facts = row.integer();
  build.priority = static_cast<int>(row.integer());
  build.bumped = row.integer();
  build.keep = row.flag();
  build.queued = row.time();
  build.started = row.optional_time();
  build.stopped = row.optional_time();
  if (const auto outcome = row.optional_text()) build.outcome = parse_outcome(*outcome);
  build.made = row.flag();
  build.tries = row.integer();
  build.retry_at = row.optional_time();
  build.message = row.text();
  build.release_name = row.text();
  build.size = row.integer();
  build.closure_size = row.integer();
  if (const auto blob = row.blob(); !blob.empty()) {
    const std::string digest(blob.begin(), blob.end());
    build.derivation_name = StorePath::make(digest, row.text() + ".drv").base_name();
  }
  return build;
}

constexpr std::int64_t kFewBuilds = 10'000;

/// How many builds were asked for since then, at most `most`.
std::int64_t count_since(Database& database, std::int64_t since, std::int64_t most) {
  return find_integer(database,
                      "SELECT count(*) FROM (SELECT id FROM builds WHERE queued >= ?1 LIMIT ?2) x",
                      since, most)
      .value_or(0);
}

std::vector<BuildRow> read_builds(Statement& statement) {
  std::vector<BuildRow> builds;
  while (statement.step()) builds.push_back(read_build(statement));
  return builds;
}

}  // namespace

std::vector<std::int64_t> Builds::add(std::span<const NewBuild> builds) {
  constexpr std::string_view kColumns[] = {
      "id",           "server",     "jobset",      "label",  "derivation", "derivation_name",
      "output_set",   "evaluation", "name",        "system", "facts",      "priority",
      "bumped",       "keep",       "queued",      "made",   "tries",      "message",
      "release_name", "size",       "closure_size"};
  std::vector<std::int64_t> ids;
  if (builds.empty()) return ids;
  auto id = allocate_ids(database_, "builds", static_cast<std::int64_t>(builds.size()));
  const auto bulk = database_.bulk_insert("builds", kColumns);
  for (const auto& build : builds) {
    ids.push_back(id);
    bulk->bind(1, id++);
    bulk->bind(2, std::int64_t{0});
    bulk->bind(3, build.jobset);
    bulk->bind(4, std::string_view(build.label));
    bulk->bind(5, build.derivation);
    bulk->bind(6, std::string_view());
    if (build.output_set) {
      bulk->bind(7, *build.output_set);
    } else {
      bulk->bind_null(7);
    }
    bulk->bind(8, build.evaluation);
    bulk->bind(9, std::string_view(build.name));
    bulk->bind(10, std::string_view(build.system));
    bulk->bind(11, build.facts);
    bulk->bind(12, std::int64_t{build.priority});
    bulk->bind(13, std::int64_t{0});
    bulk->bind(14, std::int64_t{0});
    bulk->bind(15, to_column(build.queued));
    bulk->bind(16, std::int64_t{0});
    bulk->bind(17, std::int64_t{0});
    bulk->bind(18, std::string_view());
    bulk->bind(19, std::string_view());
    bulk->bind(20, std::int64_t{0});
    bulk->bind(21, std::int64_t{0});
    bulk->next();
  }
  bulk->finish();
  std::map<std::int64_t, std::int64_t> queued;
  for (const auto& build : builds) ++queued[build.jobset];
  for (const auto& [jobset, count] : queued) {
    run(database_, "UPDATE jobsets SET queued_builds = queued_builds + ?2 WHERE id = ?1", jobset,
        count);
  }
  return ids;
}

std::optional<BuildRow> Builds::find(std::int64_t id) {
  auto statement = database_.prepare(std::string(kBuildColumns) + "WHERE b.id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  return read_build(statement);
}

std::vector<BuildRow> Builds::find(std::span<const std::int64_t> ids) {
  auto statement =
      database_.prepare(std::string(kBuildColumns) + "WHERE b.id " +
                        database_.one_of(1, Database::ListOf::integers) + " ORDER BY b.id");
  statement.bind_integers(1, ids);
  return read_builds(statement);
}

std::map<std::int64_t, BuildStanding> Builds::standings(std::span<const std::int64_t> ids) {
  auto statement =
      database_.prepare("SELECT id, outcome, stopped, coalesce(facts, 0) FROM builds WHERE id " +
                        database_.one_of(1, Database::ListOf::integers));
  statement.bind_integers(1, ids);
  std::map<std::int64_t, BuildStanding> standings;
  while (statement.step()) {
    RowReader row(statement);
    const auto id = row.integer();
    auto& standing = standings[id];
    if (const auto text = row.optional_text()) standing.outcome = parse_outcome(*text);
    standing.stopped = row.optional_time();
    standing.facts = row.integer();
  }
  return standings;
}

std::vector<BuildRow> Builds::list(const BuildQuery& query) {
  std::string begin(kBuildColumns);
  if (query.project || !query.with_hidden) {
    begin += "LEFT JOIN jobsets j ON j.id = b.jobset LEFT JOIN projects p ON p.id = j.project ";
  }
  FilteredQuery filtered(begin + "WHERE b.server = 0 ", true);
  if (!query.with_hidden) {
    filtered.add_words("coalesce(j.hidden, 0) = 0 AND coalesce(p.hidden, 0) = 0");
  }
  if (query.finished) {
    filtered.add_words(*query.finished ? "b.outcome IS NOT NULL" : "b.outcome IS NULL");
  }
  if (query.since) {
    // Few: they are looked up. Many: most of what is walked over, newest first, is among them.
    const auto since = to_column(*query.since);
    if (count_since(database_, since, kFewBuilds) < kFewBuilds) {
      filtered.add("b.id IN (SELECT id FROM builds WHERE queued >=", std::optional(since), ")");
    } else {
      filtered.add("b.queued >=", std::optional(since));
    }
  }
  filtered.add("b.jobset =", query.jobset);
  filtered.add("j.project =", query.project);
  filtered.add("b.label =", query.label);
  filtered.add("b.system =", query.system);
  filtered.add("b.evaluation =", query.evaluation);
  filtered.add("b.output_set =", query.output_set);
  filtered.add("b.derivation =", query.derivation);
  filtered.add("b.outcome =", query.outcome);
  filtered.add(query.ascending ? "b.id >" : "b.id <", query.beyond);
  auto statement = filtered.prepare(
      database_, query.ascending ? "ORDER BY b.id" : "ORDER BY b.id DESC", query.limit);
  return read_builds(statement);
}

std::vector<BuildRow> Builds::unfinished() {
  auto statement = database_.prepare(std::string(kBuildColumns) +
                                     "WHERE b.outcome IS NULL AND b.server = 0 ORDER BY b.id");
  return read_builds(statement);
}

std::vector<BuildRow> Builds::queue(bool with_hidden, std::size_t limit) {
  auto statement = database_.prepare(
      std::string(kBuildColumns) +
      "LEFT JOIN jobsets j ON j.id = b.jobset LEFT JOIN projects p ON p.id = j.project "
      "WHERE b.outcome IS NULL AND b.server = 0 "
      "AND (?1 = 1 OR (coalesce(j.hidden, 0) = 0 AND coalesce(p.hidden, 0) = 0)) "
      "ORDER BY b.bumped DESC, b.priority DESC, b.id LIMIT ?2");
  bind_all(statement, with_hidden, limit);
  return read_builds(statement);
}

std::map<std::string, std::map<std::int64_t, std::int64_t>> Builds::unfinished_by_system() {
  // All systems are; said so, it is the index of those alone that is read.
  auto statement = database_.prepare(
      "SELECT system, coalesce(jobset, 0), count(*) FROM builds WHERE outcome IS NULL "
      "AND system >= '' GROUP BY system, jobset");
  std::map<std::string, std::map<std::int64_t, std::int64_t>> counts;
  while (statement.step()) {
    RowReader row(statement);
    auto& of_system = counts[row.text()];
    const auto jobset = row.integer();
    of_system[jobset] = row.integer();
  }
  return counts;
}

std::vector<BuildRow> Builds::with_output(std::string_view digest, bool with_hidden,
                                          std::size_t limit) {
  // What follows a whole digest in a base name is "-", and "." is the next character; "{" comes
  // behind all digits.
  const bool is_whole = digest.size() == StorePath::kHashLength;
  const std::string first = std::string(digest) + (is_whole ? "-" : "");
  const std::string end = std::string(digest) + (is_whole ? "." : "{");
  auto statement = database_.prepare(
      std::string(kBuildColumns) +
      "LEFT JOIN jobsets j ON j.id = b.jobset LEFT JOIN projects p ON p.id = j.project "
      "WHERE b.id IN (SELECT build FROM build_outputs WHERE path >= ?1 AND path < ?2" +
      (is_whole ? ") " : " LIMIT 1000) ") +
      "AND (?3 = 1 OR (coalesce(j.hidden, 0) = 0 AND coalesce(p.hidden, 0) = 0)) "
      "ORDER BY b.id DESC LIMIT ?4");
  bind_all(statement, first, end, with_hidden, limit);
  return read_builds(statement);
}

std::vector<std::int64_t> Builds::ended_per_period(TimePoint end, std::chrono::seconds period,
                                                   std::size_t count) {
  std::vector<std::int64_t> counts(count);
  auto statement = database_.prepare(
      "SELECT (?1 - stopped) / ?2, count(*) FROM builds "
      "WHERE stopped > ?3 AND stopped <= ?1 AND outcome IS NOT NULL GROUP BY 1");
  const auto length = std::chrono::microseconds(period).count();
  const auto last = to_column(end);
  bind_all(statement, last, length, last - length * static_cast<std::int64_t>(count));
  while (statement.step()) {
    const auto ago = static_cast<std::size_t>(statement.integer(0));
    if (ago < count) counts[count - 1 - ago] = statement.integer(1);
  }
  return counts;
}

/// Builds that begin or cease to count as good or failed: in their jobsets, and in the evaluations
/// that have them. `sign` is 1 for what has just finished, -1 for what is about to be queued again.
void Builds::add_to_counts(std::span<const std::int64_t> builds, int sign) {
  const std::string one_of = database_.one_of(1, Database::ListOf::integers);
  const auto count = [&](const std::string& sql, auto take) {
    auto statement = database_.prepare(sql);
    statement.bind_integers(1, builds);
    while (statement.step()) take(RowReader(statement));
  };
  struct Counts {
    std::int64_t finished = 0;
    std::int64_t good = 0;
    std::int64_t size = 0;
    std::int64_t closure_size = 0;
  };
  const auto read_sums = [](RowReader& row, Counts& counts) {
    counts.finished = row.integer();
    counts.good = row.integer();
    counts.size = row.integer();
    counts.closure_size = row.integer();
  };
  std::map<std::int64_t, Counts> jobsets;
  count(
      "SELECT jobset, count(*), count(CASE WHEN outcome = 'good' THEN 1 END) FROM builds "
      "WHERE id " +
          one_of + " AND jobset IS NOT NULL AND outcome IS NOT NULL GROUP BY jobset",
      [&](RowReader row) {
        const auto jobset = row.integer();
        jobsets[jobset].finished = row.integer();
        jobsets[jobset].good = row.integer();
      });
  for (const auto& [jobset, counts] : jobsets) {
    run(database_,
        "UPDATE jobsets SET queued_builds = queued_builds - ?2, good_builds = good_builds + ?3, "
        "failed_builds = failed_builds + ?4 WHERE id = ?1",
        jobset, sign * counts.finished, sign * counts.good, sign * (counts.finished - counts.good));
  }
  struct Range {
    std::int64_t jobset, epoch, first, last;
    auto operator<=>(const Range&) const = default;
  };
  std::map<Range, Counts> ranges;
  count(
      "SELECT t.jobset, t.epoch, t.first, coalesce(t.last, 9000000000000000000), count(*), "
      "count(CASE WHEN b.outcome = 'good' THEN 1 END), CAST(sum(b.size) AS BIGINT), "
      "CAST(sum(b.closure_size) AS BIGINT) FROM targets t JOIN builds b ON b.id = t.build WHERE "
      "t.build " +
          one_of + " AND b.outcome IS NOT NULL GROUP BY t.jobset, t.epoch, t.first, t.last",
      [&](RowReader row) {
        Range range{};
        range.jobset = row.integer();
        range.epoch = row.integer();
        range.first = row.integer();
        range.last = row.integer();
        read_sums(row, ranges[range]);
      });
  for (const auto& [range, counts] : ranges) {
    run(database_,
        "UPDATE evaluations SET queued = queued - ?5, good = good + ?6, failed = failed + ?7, "
        "output_size = output_size + ?8, closure_size = closure_size + ?9 "
        "WHERE jobset = ?1 AND epoch = ?2 AND position >= ?3 AND position <= ?4",
        range.jobset, range.epoch, range.first, range.last, sign * counts.finished,
        sign * counts.good, sign * (counts.finished - counts.good), sign * counts.size,
        sign * counts.closure_size);
  }
  std::map<std::int64_t, Counts> partial;
  count(
      "SELECT t.evaluation, count(*), count(CASE WHEN b.outcome = 'good' THEN 1 END), "
      "CAST(sum(b.size) AS BIGINT), CAST(sum(b.closure_size) AS BIGINT) "
      "FROM partial_targets t JOIN builds b ON b.id = t.build WHERE t.build " +
          one_of + " AND b.outcome IS NOT NULL GROUP BY t.evaluation",
      [&](RowReader row) {
        const auto evaluation = row.integer();
        read_sums(row, partial[evaluation]);
      });
  for (const auto& [evaluation, counts] : partial) {
    run(database_,
        "UPDATE evaluations SET queued = queued - ?2, good = good + ?3, failed = failed + ?4, "
        "output_size = output_size + ?5, closure_size = closure_size + ?6 WHERE id = ?1",
        evaluation, sign * counts.finished, sign * counts.good,
        sign * (counts.finished - counts.good), sign * counts.size, sign * counts.closure_size);
  }
}

void Builds::finish(std::span<const FinishedBuild> builds) {
  auto update = database_.prepare(
      "UPDATE builds SET outcome = ?2, made = ?3, started = ?4, stopped = ?5, message = ?6, "
      "release_name = ?7, size = ?8, closure_size = ?9, retry_at = NULL "
      "WHERE id = ?1 AND outcome IS NULL");
  std::vector<std::int64_t> ids;
  std::vector<const FinishedBuild*> written;
  for (const auto& build : builds) {
    const auto changed = bind_all(update, build.build, to_string(build.outcome), build.made,
                                  build.started, build.stopped, build.message,
                                  build.report.release_name, build.size, build.closure_size)
                             .run();
    if (changed == 0) continue;
    ids.push_back(build.build);
    written.push_back(&build);
    for (const auto& derivation : build.failed_inputs) {
      run(database_,
          "INSERT INTO build_failed_inputs (build, derivation) VALUES (?1, ?2) "
          "ON CONFLICT DO NOTHING",
          build.build, derivation);
    }
    std::int64_t number = 0;
    for (const auto& product : build.report.products) {
      std::optional<BlobValue> sha256;
      if (product.sha256) sha256 = BlobValue{product.sha256->bytes()};
      run(database_,
          "INSERT INTO build_products (build, number, type, subtype, name, path, default_path, "
          "size, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
          build.build, ++number, product.type, product.subtype, product.name, product.path,
          product.default_path, product.size, sha256);
    }
    for (const auto& metric : build.report.metrics) {
      run(database_, "INSERT INTO build_metrics (build, name, value, unit) VALUES (?1, ?2, ?3, ?4)",
          build.build, metric.name, metric.value, metric.unit);
    }
  }
  if (!written.empty()) {
    constexpr std::string_view kColumns[] = {"build", "name", "path"};
    const auto bulk = database_.bulk_insert("build_outputs", kColumns);
    for (const auto* build : written) {
      for (const auto& [name, path] : build->outputs) {
        bulk->bind(1, build->build);
        bulk->bind(2, std::string_view(name));
        bulk->bind(3, std::string_view(path.base_name()));
        bulk->next();
      }
    }
    bulk->finish();
  }
  add_to_counts(ids, 1);
}

void Builds::start(std::span<const std::int64_t> builds, TimePoint now) {
  auto update = database_.prepare(
      "UPDATE builds SET started = ?2, tries = tries + 1 WHERE id = ?1 AND outcome IS NULL");
  for (const auto build : builds) bind_all(update, build, now).run();
}

void Builds::postpone(std::int64_t build, TimePoint retry_at, const std::string& message) {
  run(database_,
      "UPDATE builds SET retry_at = ?2, message = ?3, started = NULL "
      "WHERE id = ?1 AND outcome IS NULL",
      build, retry_at, message);
}

std::vector<std::int64_t> Builds::restart(std::span<const std::int64_t> builds, TimePoint now) {
  std::vector<std::int64_t> finished;
  {
    auto statement = database_.prepare("SELECT id FROM builds WHERE outcome IS NOT NULL AND id " +
                                       database_.one_of(1, Database::ListOf::integers));
    statement.bind_integers(1, builds);
    while (statement.step()) finished.push_back(statement.integer(0));
  }
  add_to_counts(finished, -1);
  for (const auto build : finished) {
    run(database_,
        "UPDATE builds SET outcome = NULL, started = NULL, stopped = NULL, made = 0, message = '', "
        "retry_at = NULL, tries = 0, queued = ?2 WHERE id = ?1",
        build, now);
    for (const auto* table :
         {"build_outputs", "build_products", "build_metrics", "build_failed_inputs"}) {
      run(database_, "DELETE FROM " + std::string(table) + " WHERE build = ?1", build);
    }
  }
  return finished;
}

void Builds::set_bumped(std::int64_t build, std::int64_t when) {
  run(database_, "UPDATE builds SET bumped = ?2 WHERE id = ?1", build, when);
}

void Builds::set_keep(std::int64_t build, bool keep) {
  run(database_, "UPDATE builds SET keep = ?2 WHERE id = ?1", build, keep);
}

void Builds::set_priority(std::int64_t build, int priority) {
  run(database_, "UPDATE builds SET priority = ?2 WHERE id = ?1", build, priority);
}

void Builds::set_facts(std::int64_t build, std::int64_t facts) {
  run(database_, "UPDATE builds SET facts = ?2 WHERE id = ?1", build, facts);
}

std::map<std::string, StorePath> Builds::outputs(std::int64_t build) {
  auto statement = database_.prepare("SELECT name, path FROM build_outputs WHERE build = ?1");
  statement.bind(1, build);
  std::map<std::string, StorePath> outputs;
  while (statement.step()) {
    outputs.emplace(statement.text(0), StorePath::parse(statement.text(1)));
  }
  return outputs;
}

std::map<std::int64_t, std::map<std::string, StorePath>> Builds::outputs(
    std::span<const std::int64_t> builds) {
  auto statement = database_.prepare("SELECT build, name, path FROM build_outputs WHERE build " +
                                     database_.one_of(1, Database::ListOf::integers));
  statement.bind_integers(1, builds);
  std::map<std::int64_t, std::map<std::string, StorePath>> outputs;
  while (statement.step()) {
    outputs[statement.integer(0)].emplace(statement.text(1), StorePath::parse(statement.text(2)));
  }
  return outputs;
}

std::vector<std::string> Builds::failed_inputs(std::int64_t build) {
  auto statement = database_.prepare(
      "SELECT derivation FROM build_failed_inputs WHERE build = ?1 ORDER BY derivation");
  statement.bind(1, build);
  std::vector<std::string> names;
  while (statement.step()) names.emplace_back(statement.text(0));
  return names;
}

std::vector<std::int64_t> Builds::failed_by(std::span<const std::string> derivations) {
  auto statement = database_.prepare(
      "SELECT DISTINCT f.build FROM build_failed_inputs f JOIN builds b ON b.id = f.build "
      "WHERE b.outcome IS NOT NULL AND f.derivation " +
      database_.one_of(1, Database::ListOf::texts) + " ORDER BY f.build");
  statement.bind_texts(1, derivations);
  std::vector<std::int64_t> builds;
  while (statement.step()) builds.push_back(statement.integer(0));
  return builds;
}

BuildReport Builds::report(std::int64_t build) {
  auto found = reports({&build, 1});
  auto report = found.empty() ? BuildReport() : std::move(found.begin()->second);
  report.release_name =
      find_text(database_, "SELECT release_name FROM builds WHERE id = ?1", build).value_or("");
  return report;
}

std::map<std::int64_t, BuildReport> Builds::reports(std::span<const std::int64_t> builds) {
  std::map<std::int64_t, BuildReport> reports;
  const auto one_of = database_.one_of(1, Database::ListOf::integers);
  auto products = database_.prepare(
      "SELECT build, type, subtype, name, path, default_path, size, sha256 FROM build_products "
      "WHERE build " +
      one_of + " ORDER BY build, number");
  products.bind_integers(1, builds);
  while (products.step()) {
    RowReader row(products);
    auto& report = reports[row.integer()];
    BuildProduct product;
    product.type = row.text();
    product.subtype = row.text();
    product.name = row.text();
    product.path = row.text();
    product.default_path = row.text();
    if (const auto size = row.optional_integer()) product.size = static_cast<std::uint64_t>(*size);
    if (!products.is_null(7)) product.sha256 = Hash(HashAlgorithm::sha256, products.blob(7));
    report.products.push_back(std::move(product));
  }
  auto metrics =
      database_.prepare("SELECT build, name, value, unit FROM build_metrics WHERE build " + one_of +
                        " ORDER BY build, name");
  metrics.bind_integers(1, builds);
  while (metrics.step()) {
    RowReader row(metrics);
    auto& report = reports[row.integer()];
    BuildMetric metric;
    metric.name = row.text();
    metric.value = row.real();
    metric.unit = row.text();
    report.metrics.push_back(std::move(metric));
  }
  return reports;
}

std::vector<std::int64_t> Builds::constituents(std::int64_t build) {
  auto statement = database_.prepare(
      "SELECT constituent FROM build_constituents WHERE build = ?1 ORDER BY constituent");
  statement.bind(1, build);
  std::vector<std::int64_t> ids;
  while (statement.step()) ids.push_back(statement.integer(0));
  return ids;
}

void Builds::set_constituents(std::int64_t build, std::span<const std::int64_t> constituents) {
  run(database_, "DELETE FROM build_constituents WHERE build = ?1", build);
  for (const auto constituent : constituents) {
    run(database_,
        "INSERT INTO build_constituents (build, constituent) VALUES (?1, ?2) "
        "ON CONFLICT DO NOTHING",
        build, constituent);
  }
}

}  // namespace grange
