#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "farm/commit_id.h"
#include "farm/git_program.h"

namespace grange {

/// A branch and the commit at its tip.
struct GitBranch {
  std::string name;  ///< for people: "main", "origin/main"
  CommitId commit;
};

/// A git repository with a work tree, as far as choosing a base needs it. Reads only; each call
/// starts git. Throws as GitProgram does.
class GitRepository {
 public:
  /// The repository that `directory` lies in; nothing when it lies in none, or in one without a
  /// work tree. Throws NotFoundError when there is no git program.
  static std::optional<GitRepository> find(const std::filesystem::path& directory,
                                           ProcessRunner& runner, std::stop_token stop);

  const GitProgram& git() const noexcept { return git_; }
  /// The directory that it was found from, relative to the top level: empty, or ending in '/'.
  const std::string& prefix() const noexcept { return prefix_; }
  /// History ends somewhere before its beginning.
  bool is_shallow() const noexcept { return shallow_; }

  /// The commit that is checked out; nothing before the first one.
  std::optional<CommitId> head() const;
  /// What keeps the work tree from being exactly what HEAD is: the first change, or an untracked
  /// file that is not ignored, or that `file` (below the directory) is not tracked. Nothing when it
  /// is clean.
  std::optional<std::string> find_change(const std::optional<std::string>& file) const;

  /// The commit that a revision (git's gitrevisions) names; nothing when it names none.
  std::optional<CommitId> resolve(const std::string& revision) const;
  /// As `resolve`, for the name of a branch: a local one first, then one of a remote, then
  /// origin's.
  std::optional<CommitId> resolve_branch(const std::string& branch) const;
  /// As `resolve`, and failing that as `resolve_branch`.
  std::optional<CommitId> resolve_any(const std::string& name) const;
  /// The one that everything is merged into: `named` where it is given (origin's first; throws
  /// NotFoundError when it is not there); else what origin says is its default branch, its main or
  /// master, and only then local ones: those may be anybody's, for example a pull request's.
  std::optional<GitBranch> default_branch(const std::string& named) const;

  /// The best common ancestors; several where branches were merged into each other.
  std::vector<CommitId> merge_bases(const CommitId& a, const CommitId& b) const;
  /// At most `limit` commits: `from` and what they descend from, nearest first: by the number of
  /// steps, and by the first parent where that is the same.
  std::vector<CommitId> ancestors(std::span<const CommitId> from, std::size_t limit) const;
  /// Is `commit` the tip or one of its ancestors?
  bool contains(const CommitId& tip, const CommitId& commit) const;
  TimePoint commit_time(const CommitId& commit) const;

 private:
  GitRepository(GitProgram git, std::string prefix, bool shallow);

  GitProgram git_;
  std::string prefix_;
  bool shallow_;
};

}  // namespace grange
