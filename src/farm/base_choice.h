#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "derivation/target_map.h"
#include "evaluate/evaluator.h"
#include "farm/source_state.h"
#include "record/record.h"

namespace grange {

/// What a run is to be compared with, as it was asked for.
struct BaseChoice {
  enum class Kind {
    last,        ///< the last complete run of the same selection here
    none,        ///< nothing: everything is new
    named,       ///< a file or a git revision, whichever `name` is
    file,        ///< a target map
    revision,    ///< a git revision
    merge_base,  ///< where HEAD left the branch
  };
  Kind kind = Kind::last;
  std::string name{};  ///< of the file, revision or branch

  /// --trust-base: outcomes count whatever commit they are of, and targets of a file without
  /// outcomes are good.
  bool trusted = false;
  /// --trust-maps: what directories and notes say of the default branch's commits counts.
  bool trust_maps = false;
  /// Where maps of commits are looked for besides the record, in this order; then git notes.
  std::vector<std::filesystem::path> directories{};
  /// The branch that everything is merged into; empty: as GitRepository::default_branch finds it.
  std::string default_branch{};

  /// "last", "none", "merge-base:BRANCH", "git:REVISION", "file:FILE", or one of these two without
  /// its prefix. What begins with '/', './' or '../' is a file. Throws InvalidError where a name is
  /// missing.
  static BaseChoice parse(std::string_view text);
};

/// What of a base's outcomes counts; what does not was made unknown.
enum class BaseTrust {
  all,
  failures,  ///< seen here, on another branch: what failed has failed, but nothing is skipped
  none,      ///< nobody vouches for it: it neither decides a skip nor excuses a failure
};

/// The map that a run is compared with, and how it came to be chosen.
struct Base {
  std::optional<TargetMap> map{};  ///< nothing: everything is new
  std::string description{};       ///< for people, with commit and age: "the map of merge base …"
  std::string how = "none";  ///< last, none, file, merge base, commit, ancestor, default branch
  std::string place{};       ///< "the record", "the git notes", a directory or file
  std::string commit{};      ///< of the map, in full; empty where nobody knows
  std::optional<double> age_seconds{};  ///< of the commit; without one, of the run or the file
  BaseTrust trust = BaseTrust::all;
  std::vector<std::string> remarks{};  ///< what was passed over on the way, and why

  /// What the base knows of a label, as an outcome; a label that failed to evaluate has failed.
  Outcome outcome(const std::string& label) const;
};

/// Finds the base of a run, or of whatever else compares with one. Of a revision or a merge base it
/// is, in this order: its own map, that of its nearest ancestor which has one, the newest of the
/// default branch, none.
///
/// Throws NotFoundError or InvalidError for a file or revision that was named and cannot be used.
Base choose_base(const BaseChoice& choice, const Selection& selection, const SourceState& source,
                 Record& record, TimePoint now);

}  // namespace grange
