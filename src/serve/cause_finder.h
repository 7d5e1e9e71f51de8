#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/thread_annotations.h"
#include "compare/compare.h"
#include "compare/explanation.h"
#include "farm/farm.h"

namespace grange {

/// Why the targets of an evaluation differ from another one's.
struct CauseAnswer {
  enum class State : std::uint8_t { working, known, failed };

  State state = State::working;
  std::string problem;  ///< of one that failed
  Comparison comparison;
  Explanation explanation;
};

/// Works out the causes of what changed between evaluations from the recorded derivations: one
/// pair after the other on a thread of its own, because the closures of a package set take seconds
/// to read. Keeps the answers to what was asked last. Thread safe.
class CauseFinder {
 public:
  /// `farm` outlives it.
  explicit CauseFinder(Farm& farm) : farm_(farm) {}
  ~CauseFinder();
  CauseFinder(const CauseFinder&) = delete;
  CauseFinder& operator=(const CauseFinder&) = delete;

  /// By the evaluations' numbers; of evaluations that are complete and so never change. Does not
  /// wait. Throws UnavailableError when too many others are asked for.
  std::shared_ptr<const CauseAnswer> ask(std::int64_t head, std::int64_t base);

 private:
  using Pair = std::pair<std::int64_t, std::int64_t>;
  struct Entry {
    Pair pair;
    std::shared_ptr<const CauseAnswer> answer;
  };
  void run(const std::stop_token& stop);
  std::shared_ptr<const CauseAnswer> find(Pair pair, const std::stop_token& stop);

  Farm& farm_;
  const std::shared_ptr<const CauseAnswer> working_ = std::make_shared<CauseAnswer>();
  Mutex mutex_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);  ///< the one asked for last comes first
  std::condition_variable_any changed_;
  std::jthread thread_ GUARDED_BY(mutex_);  ///< from the first question on; last
};

}  // namespace grange
