#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/database.h"

namespace grange {

/// A commit of a branch that an input follows.
struct CommitRow {
  std::int64_t id = 0;  ///< later ones of a branch have higher numbers
  std::string uri;      ///< of the repository, without credentials
  std::string branch;   ///< the reference in full; empty: a revision alone was named
  std::string revision;
  std::string author;
  std::string email;
  TimePoint authored{};
  std::string subject;
  TimePoint first_seen{};
};

/// A branch of a repository.
struct CommitBranch {
  std::string uri;
  std::string branch;
  friend auto operator<=>(const CommitBranch&, const CommitBranch&) = default;
};

/// The table of commits: what inputs were seen to be, branch by branch. What was recorded stays
/// when history is rewritten. Calls that write belong into the caller's transaction.
class Commits {
 public:
  explicit Commits(Database& database) : database_(database) {}

  /// The revision that was recorded last.
  std::optional<std::string> newest(const CommitBranch& branch);
  std::optional<CommitRow> find(const CommitBranch& branch, std::string_view revision);
  /// Those that are not there yet, in this order.
  void add(const std::vector<CommitRow>& commits);
  /// Of any of the branches, newest first: `limit` with numbers below `before` (0: all).
  std::vector<CommitRow> list(const std::vector<CommitBranch>& branches, std::int64_t before,
                              std::size_t limit);

 private:
  Database& database_;
};

}  // namespace grange
