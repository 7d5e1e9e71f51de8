#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "derivation/store_path.h"
#include "evaluate/fetch_space.h"
#include "evaluate/git_mirror.h"
#include "evaluate/jobset_input.h"
#include "evaluate/known_trees.h"

namespace grange {

/// A revision of a repository as a store path, and what Hydra tells expressions of it.
struct FetchedGit {
  StorePath path;                    ///< its files without .git: content-addressed, named `source`
  std::string revision;              ///< in full
  std::string reference;             ///< in full, where it was found by one: "refs/heads/main"
  std::uint64_t revision_count = 0;  ///< commits of its history
  std::string tag;                   ///< as git describe names it
  std::string short_revision;
  /// What the reference was when this mirror last fetched it, where that was something else.
  std::optional<std::string> previous;
  bool rewritten = false;  ///< and that is not in the history of what it is now
  /// When it was committed, in seconds since 1970; 0: not known.
  std::uint64_t committed = 0;
};

/// Fetches an input: its repository is asked what the reference is now, and what is not here yet is
/// fetched. A revision that was fetched before costs that question only, or nothing where it is
/// named itself. Throws as GitMirror does; errors do not name the input.
FetchedGit fetch_git(const GitInput& input, const FetchRun& run, const KnownTrees& known);

}  // namespace grange
