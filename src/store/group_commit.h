#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <vector>

#include "base/thread_annotations.h"
#include "database/sqlite.h"

namespace grange {

/// Lets threads that write to one database at the same time share a transaction. Whoever finds no
/// other at work leads: takes everything that is waiting, runs it on the one connection and commits
/// once, while those who come meanwhile gather for the next round. While several are busy here a
/// leader without company waits a moment for it: what many write costs little more than what one
/// does. Thread safe.
class GroupCommit {
 public:
  /// `before_begin` runs before a transaction starts (to make durable what it will speak of),
  /// `before_commit` at its end; both may be empty.
  struct Hooks {
    std::function<void()> before_begin;
    std::function<void()> before_commit;
  };
  GroupCommit(SqliteDatabase& database, Hooks hooks);

  /// Runs `work` inside a transaction (perhaps twice, the first time rolled back) and returns once
  /// it is committed. What `work` throws undoes only its own changes and is thrown here.
  void run(const std::function<void()>& work) EXCLUDES(mutex_);

 private:
  enum class State { waiting, committed, alone };
  struct Request {
    const std::function<void()>* work;
    State state = State::waiting;
  };

  /// Becomes the leader and takes what is waiting; nothing when `own` was committed meanwhile.
  std::vector<Request*> take_lead(Request& own) EXCLUDES(mutex_);
  void commit_together(const std::vector<Request*>& batch) EXCLUDES(mutex_);
  /// Which of them failed; all when the transaction did.
  std::vector<bool> try_together(const std::vector<Request*>& batch) noexcept;
  void commit_alone(const std::function<void()>& work);

  SqliteDatabase& database_;  ///< used by the leader only
  Hooks hooks_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Request*> queue_ GUARDED_BY(mutex_);
  bool leading_ GUARDED_BY(mutex_) = false;
  /// When somebody last met another here.
  std::chrono::steady_clock::time_point met_at_ GUARDED_BY(mutex_){};
};

}  // namespace grange
