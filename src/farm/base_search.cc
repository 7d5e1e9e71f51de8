#include "farm/base_search.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "farm/base_age.h"
#include "farm/map_sources.h"

namespace grange {
namespace {

/// Which of the three places in the order of the search a commit stands in.
enum class Rank { exact, ancestor, default_branch };

struct Candidate {
  CommitId commit;
  Rank rank;
};

/// One search; what it finds out on the way is shared by its parts.
class Search {
 public:
  Search(const BaseChoice& choice, const SourceState& source, Record& record, TimePoint now)
      : choice_(choice), source_(source), now_(now) {
    if (!source.repository) {
      throw NotFoundError("the base '" + printable(choice.name) +
                          "' needs a git repository: " + source.no_commit);
    }
    sources_.push_back(make_record_source(record, source.line));
    for (const auto& directory : choice.directories) {
      sources_.push_back(make_directory_source(directory));
    }
    sources_.push_back(make_notes_source(GitNotes(repository().git()), source.line));
    branch_ = repository().default_branch(choice.default_branch);
  }

  Base run() {
    find_goal();
    list_candidates();
    ask_sources();
    for (const auto& candidate : candidates_) {
      if (try_candidate(candidate)) {
        tell_forgotten(candidate);
        return std::move(base_);
      }
      if (base_.remarks.size() >= kRefusedMaps) break;
    }
    tell_nothing();
    return std::move(base_);
  }

 private:
  const GitRepository& repository() const { return *source_.repository; }

  /// The commits whose own map would be best, and what they are called.
  void find_goal() {
    if (choice_.kind == BaseChoice::Kind::revision || choice_.kind == BaseChoice::Kind::named) {
      const auto commit = repository().resolve_any(choice_.name);
      if (!commit) throw unknown_revision("revision");
      goal_ = {*commit};
      called_ = "commit";
      if (!commit->str().starts_with(choice_.name)) suffix_ = " (" + printable(choice_.name) + ")";
      return;
    }
    if (!source_.head) throw NotFoundError("there is no merge base: " + source_.no_commit);
    const auto tip = repository().resolve_branch(choice_.name);
    if (!tip) throw unknown_revision("branch");
    goal_ = repository().merge_bases(*source_.head, *tip);
    called_ = "merge base";
    suffix_ = " of " + printable(choice_.name);
  }

  NotFoundError unknown_revision(std::string_view what) const {
    return NotFoundError("there is no " + std::string(what) + " '" + printable(choice_.name) +
                         "' in the repository of '" + repository().git().directory().string() +
                         "'" + (repository().is_shallow() ? " (" + shallow_advice() + ")" : ""));
  }

  static std::string shallow_advice() {
    return "the clone is shallow; git fetch --unshallow gets the rest of its history";
  }

  void list_candidates() {
    for (const auto& commit : goal_) candidates_.push_back({commit, Rank::exact});
    for (const auto& commit : repository().ancestors(goal_, kSearchedAncestors)) {
      add(commit, Rank::ancestor);
    }
    if (!branch_) return;
    for (const auto& commit : repository().ancestors({&branch_->commit, 1}, kSearchedAncestors)) {
      add(commit, Rank::default_branch);
    }
  }

  void add(const CommitId& commit, Rank rank) {
    const auto is_goal = std::find(goal_.begin(), goal_.end(), commit) != goal_.end();
    if (!is_goal) candidates_.push_back({commit, rank});
  }

  /// Each source once, for all candidates.
  void ask_sources() {
    std::vector<CommitId> commits;
    for (const auto& candidate : candidates_) commits.push_back(candidate.commit);
    for (const auto& source : sources_) {
      try {
        offered_.push_back(source->among(commits));
      } catch (const Error& error) {
        pass_over(*source, error);
        offered_.emplace_back();
      }
    }
  }

  /// What others wrote must not stop a run; what is broken in our own record must.
  void pass_over(const MapSource& source, const Error& error) {
    if (source.is_own() || error.kind() == ErrorKind::cancelled) throw;
    base_.remarks.push_back(error.what());
  }

  bool try_candidate(const Candidate& candidate) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (!offered_[i].contains(candidate.commit)) continue;
      offered_[i].erase(candidate.commit);  // it may stand among the default branch's as well
      try {
        base_.map = sources_[i]->read(candidate.commit);
      } catch (const Error& error) {
        pass_over(*sources_[i], error);
      }
      if (base_.map) {
        describe(candidate, *sources_[i]);
        return true;
      }
    }
    return false;
  }

  void describe(const Candidate& candidate, const MapSource& source) {
    const std::string commit = candidate.commit.short_str();
    switch (candidate.rank) {
      case Rank::exact:
        base_.how = called_;
        base_.description = "the map of " + called_ + " " + commit + suffix_;
        break;
      case Rank::ancestor:
        base_.how = "ancestor";
        base_.description =
            "the map of " + commit + ", the nearest ancestor with a map of " + goal_name();
        break;
      case Rank::default_branch:
        base_.how = "default branch";
        base_.description = "the newest map of " + branch_->name + ", of commit " + commit;
        break;
    }
    base_.place = source.name();
    base_.commit = candidate.commit.str();
    base_.age_seconds = Seconds(now_ - repository().commit_time(candidate.commit)).count();
    base_.description += age_clause(base_.age_seconds);
    if (!source.is_own()) base_.description += ", from " + source.name();
    judge(candidate.commit, source);
  }

  /// "merge base 1a2b3c4d of main"
  std::string goal_name() const {
    std::string name = called_;
    for (const auto& commit : goal_) name += " " + commit.short_str();
    return name + suffix_;
  }

  /// Why this map's outcomes do not count; nothing when they do.
  std::string distrust(const CommitId& commit, const MapSource& source) const {
    if (choice_.trusted) return "";
    if (!branch_) return "no default branch is known, see --default-branch";
    if (!repository().contains(branch_->commit, commit)) {
      return "its commit is not in " + branch_->name;
    }
    if (!source.is_own() && !choice_.trust_maps) return "others may write there, see --trust-maps";
    return "";
  }

  void judge(const CommitId& commit, const MapSource& source) {
    const std::string why = distrust(commit, source);
    if (why.empty()) return;
    base_.trust = BaseTrust::none;
    for (auto& [label, target] : base_.map->targets) target.outcome = Outcome::unknown;
    base_.description += "; its outcomes do not count (" + why + "), so it decides no skip";
  }

  std::vector<CommitId> forgotten_goals() const {
    const auto forgotten = sources_.front()->forgotten();
    std::vector<CommitId> found;
    std::copy_if(goal_.begin(), goal_.end(), std::back_inserter(found),
                 [&](const CommitId& commit) { return forgotten.contains(commit); });
    return found;
  }

  void tell_forgotten(const Candidate& candidate) {
    if (candidate.rank == Rank::exact || forgotten_goals().empty()) return;
    base_.remarks.push_back("the map of " + goal_name() + " is past retention");
  }

  void tell_nothing() {
    if (goal_.empty()) {
      base_.description = "nothing: " + source_.head->short_str() + " and " +
                          printable(choice_.name) + " have no merge base";
      if (branch_) base_.description += ", and no map of " + branch_->name + " is kept";
    } else {
      base_.description = "nothing: no map is kept of " + goal_name() + " or its ancestors";
      if (branch_) base_.description += ", nor one of " + branch_->name;
    }
    if (const auto count = sources_.front()->forgotten().size(); count > 0) {
      base_.description += "; " + plural(count, "map") + " of these commits " +
                           (count == 1 ? "is" : "are") + " past retention";
    }
    if (repository().is_shallow()) base_.description += "; " + shallow_advice();
    base_.description += "; everything is built";
  }

  const BaseChoice& choice_;
  const SourceState& source_;
  TimePoint now_;
  std::vector<std::unique_ptr<MapSource>> sources_;
  std::optional<GitBranch> branch_;
  std::vector<CommitId> goal_;
  std::string called_, suffix_;
  std::vector<Candidate> candidates_;
  std::vector<std::set<CommitId>> offered_;  ///< by source: what it has and was not tried
  Base base_;
};

}  // namespace

Base search_base(const BaseChoice& choice, const SourceState& source, Record& record,
                 TimePoint now) {
  return Search(choice, source, record, now).run();
}

}  // namespace grange
