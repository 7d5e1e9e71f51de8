#include "store/group_commit.h"

#include <exception>
#include <utility>

namespace grange {
namespace {

/// Who met somebody so recently waits for company, so long. Who writes by himself never does.
constexpr std::chrono::microseconds kRecently{2000};
constexpr std::chrono::microseconds kGathers{400};

}  // namespace

GroupCommit::GroupCommit(SqliteDatabase& database, Hooks hooks)
    : database_(database), hooks_(std::move(hooks)) {}

void GroupCommit::run(const std::function<void()>& work) {
  Request own{&work};
  const auto batch = take_lead(own);
  if (batch.empty()) return;
  if (batch.size() > 1) commit_together(batch);
  std::exception_ptr error;
  // What failed in company is run again alone, on its own thread: what it throws then belongs to
  // nobody else.
  if (own.state != State::committed) {
    try {
      commit_alone(work);
    } catch (...) {
      error = std::current_exception();
    }
  }
  {
    const MutexLock lock(mutex_);
    leading_ = false;
  }
  changed_.notify_all();
  if (error) std::rethrow_exception(error);
}

std::vector<GroupCommit::Request*> GroupCommit::take_lead(Request& own) {
  const MutexLock lock(mutex_);
  queue_.push_back(&own);
  if (leading_) met_at_ = std::chrono::steady_clock::now();
  while (leading_ && own.state != State::committed) changed_.wait(mutex_);
  if (own.state == State::committed) return {};
  leading_ = true;
  if (own.state == State::alone) return {&own};
  const auto now = std::chrono::steady_clock::now();
  if (queue_.size() == 1 && now - met_at_ < kRecently) {
    const auto until = now + kGathers;
    while (std::chrono::steady_clock::now() < until) changed_.wait_until(mutex_, until);
  }
  return std::exchange(queue_, {});  // `own` is among them: nobody has taken it
}

void GroupCommit::commit_together(const std::vector<Request*>& batch) {
  const std::vector<bool> failed = try_together(batch);
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i]->state = failed.empty() || failed[i] ? State::alone : State::committed;
  }
}

std::vector<bool> GroupCommit::try_together(const std::vector<Request*>& batch) noexcept {
  try {
    std::vector<bool> failed(batch.size());
    if (hooks_.before_begin) hooks_.before_begin();
    SqliteTransaction transaction(database_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      database_.execute("SAVEPOINT request");
      try {
        (*batch[i]->work)();
      } catch (...) {
        failed[i] = true;
        database_.execute("ROLLBACK TO request");
      }
      database_.execute("RELEASE request");
    }
    if (hooks_.before_commit) hooks_.before_commit();
    transaction.commit();
    return failed;
  } catch (...) {  // each of them will meet the cause by itself
    return {};
  }
}

void GroupCommit::commit_alone(const std::function<void()>& work) {
  if (hooks_.before_begin) hooks_.before_begin();
  SqliteTransaction transaction(database_);
  work();
  if (hooks_.before_commit) hooks_.before_commit();
  transaction.commit();
}

}  // namespace grange
