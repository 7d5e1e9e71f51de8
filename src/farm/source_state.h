#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "evaluate/evaluator.h"
#include "farm/commit_id.h"
#include "farm/git_repository.h"
#include "process/process.h"

namespace grange {

/// What git says of the files that a selection is evaluated from.
struct SourceState {
  std::optional<GitRepository> repository;
  std::string line;                ///< the selection in every checkout; empty without a repository
  std::optional<CommitId> head;    ///< what is checked out
  std::optional<CommitId> commit;  ///< the same, when the work tree is exactly that
  std::string no_commit;           ///< why there is no `commit`: a clause, for people
};

/// Looks at the repository of the selection's file, or of the current directory for an expression.
/// A run goes on without one: that there is none, no git, or one that git refuses to read is told
/// in `no_commit`. Throws CancelledError.
SourceState look_at_source(const Selection& selection, ProcessRunner& runner, std::stop_token stop);

/// Looks again after the evaluation: where anything has changed meanwhile, what was evaluated
/// belongs to no commit.
void look_again(SourceState& source, const Selection& selection);

}  // namespace grange
