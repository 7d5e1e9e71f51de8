#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/compression.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "database/database.h"
#include "derivation/content_address.h"
#include "record/accounts.h"
#include "record/builds.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/rows.h"
#include "record/schema.h"

namespace grange {

/// Of tests: a record in which a farm has evaluated and built something.
class FarmHistoryForTests {
 public:
  explicit FarmHistoryForTests(const DatabaseLocation& location)
      : database_(open_database(location, {.durable = false})) {
    migrate_record(*database_);
    run(*database_, "INSERT INTO systems (id, name) VALUES (1, 'x86_64-linux')");
  }

  Database& database() { return *database_; }
  static TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(1'000'000 + seconds)); }

  /// The project is made where it is missing.
  std::int64_t add_jobset(const std::string& project, const std::string& name, bool hidden,
                          const std::string& owner = "") {
    Transaction transaction(*database_);
    Projects projects(*database_);
    const auto present = projects.find(project);
    ProjectSettings settings;
    settings.name = settings.display_name = project;
    settings.hidden = hidden;
    settings.owner = owner;
    const auto parent = present ? present->id : projects.create(settings, "");
    JobsetSettings jobset;
    jobset.name = name;
    jobset.inputs["src"] = {"string", "input of " + project};
    const auto id = Jobsets(*database_).create(parent, jobset, "");
    transaction.commit();
    return id;
  }

  /// A complete evaluation of these labels, each with a build of its own of the derivation
  /// "LABEL-VERSION"; the builds.
  std::vector<std::int64_t> evaluate(std::int64_t jobset, const std::vector<std::string>& labels,
                                     int version, bool completes = true) {
    Transaction transaction(*database_);
    EvaluationHistory history(*database_);
    const auto evaluation = history.begin({.jobset = jobset,
                                           .started = at(version),
                                           .inputs = {{"src", "git", "", "https://x", "r1", ""}}});
    std::vector<NewBuild> builds;
    std::vector<TargetRow> targets;
    for (const auto& label : labels) {
      const auto name = label + "-" + std::to_string(version);
      const auto derivation = derivation_of(name);
      const auto facts = history.facts_id("{\"about\":\"" + name + "\"}");
      targets.push_back({label, derivation, facts, 0});
      NewBuild build;
      build.jobset = jobset;
      build.label = label;
      build.derivation = derivation;
      build.output_set = derivation;
      build.evaluation = evaluation;
      build.name = name;
      build.system = "x86_64-linux";
      build.facts = facts;
      build.queued = at(version);
      builds.push_back(std::move(build));
    }
    auto ids = Builds(*database_).add(builds);
    for (std::size_t i = 0; i < ids.size(); ++i) targets[i].build = ids[i];
    history.add_targets(evaluation, targets);
    if (completes) {
      history.complete(evaluation, at(version + 1));
    } else {
      history.add_error(evaluation, "broken", "it does not evaluate");
      history.fail(evaluation, at(version + 1), "a problem");
    }
    transaction.commit();
    return ids;
  }

  void finish(std::int64_t build, Outcome outcome) {
    Transaction transaction(*database_);
    FinishedBuild finished;
    finished.build = build;
    finished.outcome = outcome;
    finished.started = at(10);
    finished.stopped = at(20);
    finished.size = 100 + build;
    finished.closure_size = 1000 * build;
    Builds(*database_).finish({&finished, 1});
    transaction.commit();
  }

 private:
  std::int64_t derivation_of(const std::string& name) {
    const auto digest = sha256(name);
    const std::string text =
        R"(Derive([("out","","","")],[],[],"x86_64-linux","/bin/sh",[],[("name",")" + name +
        R"("),("out","")]))";
    const auto path = make_text_path(StoreDir::nix(), name + ".drv", text, {});
    const auto path_digest = nix32_decode(path.hash_part()).value();
    const BlobValue short_digest{path_digest};
    const auto packed = compress(Compression::zstd, text);
    if (const auto present = find_integer(
            *database_, "SELECT id FROM derivations WHERE digest = ?1", short_digest)) {
      return *present;
    }
    const auto id = find_integer(*database_, "SELECT count(*) + 1 FROM derivations").value();
    run(*database_, "INSERT INTO output_sets (id, digest) VALUES (?1, ?2)", id, BlobValue{digest});
    run(*database_,
        "INSERT INTO derivations (id, digest, name, gnu, system, output_set, unverified, inputs, "
        "content) VALUES (?1, ?2, ?3, 0, 1, ?1, 0, ?2, ?4)",
        id, short_digest, name,
        BlobValue{{reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size()}});
    return id;
  }

  std::unique_ptr<Database> database_;
};

}  // namespace grange
