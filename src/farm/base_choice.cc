#include "farm/base_choice.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "derivation/target_map_file.h"
#include "farm/base_age.h"
#include "farm/base_search.h"

namespace grange {
namespace {

using Kind = BaseChoice::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 3> kPrefixes = {{
    {"merge-base:", Kind::merge_base},
    {"git:", Kind::revision},
    {"file:", Kind::file},
}};

bool is_file(const std::string& name) {
  std::error_code error;
  return std::filesystem::exists(name, error) && !std::filesystem::is_directory(name, error);
}

/// A name alone. One that is both is refused: a file that somebody commits under the name of a
/// branch must not take the branch's place.
Kind kind_of_name(const std::string& name, const SourceState& source) {
  const bool file = is_file(name);
  const bool revision = source.repository && source.repository->resolve_any(name).has_value();
  if (file && revision) {
    throw InvalidError("'" + printable(name) + "' is a file and a git revision: say 'file:" +
                       printable(name) + "' or 'git:" + printable(name) + "'");
  }
  if (file) return Kind::file;
  if (revision) return Kind::revision;
  throw NotFoundError("specified a file or a git revision, got '" + printable(name) +
                      "', which is neither" +
                      (source.repository ? "" : " (" + source.no_commit + ")"));
}

std::optional<double> age_of_file(const std::filesystem::path& file, TimePoint now) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file, error);
  if (error) return std::nullopt;
  return Seconds(now - std::chrono::file_clock::to_sys(written)).count();
}

Base base_of_file(const BaseChoice& choice, TimePoint now) {
  Base base;
  base.map = read_target_map_file(choice.name);
  base.how = "file";
  base.place = "the file '" + choice.name + "'";
  base.commit = base.map->commit;
  base.age_seconds = age_of_file(choice.name, now);
  base.description =
      "the map '" + choice.name + "'" + commit_clause(base.commit) + age_clause(base.age_seconds);
  if (choice.trusted) {
    for (auto& [label, target] : base.map->targets) {
      if (target.outcome == Outcome::unknown) target.outcome = Outcome::good;
    }
  }
  return base;
}

/// Does the last run here belong to another branch, which nobody has merged? Runs without a commit
/// are somebody's work in progress in this very work tree.
bool is_of_another_branch(const std::string& commit, const BaseChoice& choice,
                          const SourceState& source) {
  const auto id = CommitId::try_parse(commit);
  if (!id || !source.repository || !source.head) return false;
  if (source.repository->contains(*source.head, *id)) return false;
  const auto branch = source.repository->default_branch(choice.default_branch);
  return !branch || !source.repository->contains(branch->commit, *id);
}

Base base_of_last_run(const BaseChoice& choice, const Selection& selection,
                      const SourceState& source, Record& record, TimePoint now) {
  Base base;
  auto last = record.last_complete(selection.canonical());
  if (!last) {
    base.description = "nothing: no complete run of this selection is remembered";
    return base;
  }
  base.map = std::move(last->map);
  base.how = "last";
  base.place = "the record";
  base.commit = base.map->commit;
  base.age_seconds = Seconds(now - last->finished).count();
  base.description = "the last complete run, number " + std::to_string(last->id) +
                     commit_clause(base.commit) + age_clause(base.age_seconds);
  if (!choice.trusted && is_of_another_branch(base.commit, choice, source)) {
    base.trust = BaseTrust::failures;
    for (auto& [label, target] : base.map->targets) {
      if (target.outcome == Outcome::good) target.outcome = Outcome::unknown;
    }
    base.description += "; it is of another branch, so it decides no skip";
  }
  return base;
}

}  // namespace

BaseChoice BaseChoice::parse(std::string_view text) {
  BaseChoice choice;
  if (text == "last" || text == "none") {
    choice.kind = text == "last" ? Kind::last : Kind::none;
    return choice;
  }
  choice.kind = Kind::named;
  choice.name = text;
  for (const auto& [prefix, kind] : kPrefixes) {
    if (!text.starts_with(prefix)) continue;
    choice.kind = kind;
    choice.name = text.substr(prefix.size());
  }
  if (text.starts_with("/") || text.starts_with("./") || text.starts_with("../")) {
    choice.kind = Kind::file;
  }
  if (choice.name.empty()) {
    throw InvalidError("specified last, none, a file, a revision or merge-base:BRANCH, got '" +
                       std::string(text) + "'");
  }
  return choice;
}

Outcome Base::outcome(const std::string& label) const {
  if (!map) return Outcome::unknown;
  if (const auto found = map->targets.find(label); found != map->targets.end()) {
    return found->second.outcome;
  }
  const bool failed = trust != BaseTrust::none && map->errors.contains(label);
  return failed ? Outcome::failed : Outcome::unknown;
}

Base choose_base(const BaseChoice& choice, const Selection& selection, const SourceState& source,
                 Record& record, TimePoint now) {
  BaseChoice decided = choice;
  if (decided.kind == Kind::named) decided.kind = kind_of_name(decided.name, source);
  switch (decided.kind) {
    case Kind::none: {
      Base base;
      base.description = "nothing";
      return base;
    }
    case Kind::file:
      return base_of_file(decided, now);
    case Kind::named:
    case Kind::revision:
    case Kind::merge_base:
      return search_base(decided, source, record, now);
    case Kind::last:
      return base_of_last_run(decided, selection, source, record, now);
  }
  return {};
}

}  // namespace grange
