#include "farm/commit_history.h"

#include "record/commits.h"

namespace grange {
namespace {

/// Oldest first, so that later ones have higher numbers.
std::vector<CommitRow> commit_rows(const CommitBranch& branch, const InputHistory& history,
                                   TimePoint now) {
  std::vector<CommitRow> rows;
  for (auto commit = history.commits.rbegin(); commit != history.commits.rend(); ++commit) {
    rows.push_back({0, branch.uri, branch.branch, commit->revision, commit->author, commit->email,
                    commit->authored, commit->subject, now});
  }
  return rows;
}

/// What is recorded of a branch by now.
struct KnownCommits {
  bool has_it = false;  ///< the revision that it is at
  std::optional<std::string> newest;
};

KnownCommits known_commits(FarmDatabase& database, const CommitBranch& branch,
                           const std::string& revision) {
  return database.read([&](Database& tables) {
    Commits commits(tables);
    return KnownCommits{commits.find(branch, revision).has_value(), commits.newest(branch)};
  });
}

}  // namespace

void record_commits(FarmDatabase& database, const InputFetcher& fetcher,
                    const FetchedInputs& inputs, TimePoint now, const std::stop_token& stop) {
  for (const auto& input : inputs.inputs) {
    if (input.type != InputType::git || input.revision.empty()) continue;
    const CommitBranch branch{input.uri, input.reference};
    const auto known = known_commits(database, branch, input.revision);
    if (known.has_it) continue;
    // Of a revision that was named itself nothing leads up to it.
    const std::size_t most =
        branch.branch.empty() ? 1 : (known.newest ? kMostNewCommits : kFirstCommits);
    const auto history =
        fetcher.history({input.name, input.type, input.value}, input.revision,
                        branch.branch.empty() ? std::nullopt : known.newest, most, stop);
    const auto rows = commit_rows(branch, history, now);
    database.write([&](Database& tables) { Commits(tables).add(rows); });
  }
}

}  // namespace grange
