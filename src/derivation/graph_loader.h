#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_annotations.h"
#include "derivation/graph_data.h"
#include "derivation/graph_entries.h"
#include "derivation/graph_node.h"

namespace grange {

/// Loads closures into a graph's arrays, beside what is there, with several threads. Used once.
///
/// Each thread takes one derivation at a time: reads and parses its text, registers its inputs,
/// and hashes it as soon as the last of them is done. What was found last is read first, so that
/// only the texts on the way from a root down to the present place wait in memory: closures far
/// larger than memory load in a few megabytes beside the arrays.
class GraphLoader {
 public:
  GraphLoader(GraphData& data, const DerivationReader& reader, const GraphOptions& options);

  void load(std::span<const StorePath> roots);

 private:
  enum class Stage { none, read, compute };
  struct Task {
    Stage stage = Stage::none;
    GraphWork* work = nullptr;
  };
  /// One work that waits for an entry, in a list through `next`.
  struct Waiter {
    GraphWork* work;
    std::uint32_t next;
  };

  void run();
  void perform(Task task, NodeComputer& computer);
  /// Takes the result of a task and gives the next one, waiting for it; none at the end.
  Task exchange(Task finished) EXCLUDES(mutex_);
  void fail(std::exception_ptr error) noexcept EXCLUDES(mutex_);

  void settle(Task task) REQUIRES(mutex_);
  void register_inputs(GraphWork& work) REQUIRES(mutex_);
  void finish(GraphWork& work) REQUIRES(mutex_);
  DerivationGraph::Edge make_edge(const GraphWork& work, std::size_t input, const GraphEntry& entry)
      REQUIRES(mutex_);
  std::uint32_t number_of_system(std::string_view system) REQUIRES(mutex_);
  void add_waiter(GraphEntry& entry, GraphWork& work) REQUIRES(mutex_);
  Task take_task() REQUIRES(mutex_);

  void explain_cycles() EXCLUDES(mutex_);
  std::string describe_cycle(DerivationIndex cycle) REQUIRES(mutex_);
  void arrange(std::span<const StorePath> roots) EXCLUDES(mutex_);

  GraphData& data_;
  const DerivationReader& reader_;
  const GraphOptions& options_;

  Mutex mutex_;
  std::condition_variable_any wake_;
  unsigned sleeping_ GUARDED_BY(mutex_) = 0;
  unsigned running_ GUARDED_BY(mutex_) = 0;  ///< tasks handed out and not settled
  std::exception_ptr error_ GUARDED_BY(mutex_);
  GraphEntries entries_ GUARDED_BY(mutex_);
  /// Read from the back. An input is put here again whenever it is met unread, so that it comes
  /// before what was met earlier; whatever has started is passed over.
  std::vector<GraphEntry*> unread_ GUARDED_BY(mutex_);
  std::vector<GraphWork*> ready_ GUARDED_BY(mutex_);
  std::vector<Waiter> waiters_ GUARDED_BY(mutex_);
  std::uint32_t free_waiter_ GUARDED_BY(mutex_) = GraphEntry::kNoWaiter;
  std::vector<std::unique_ptr<GraphWork>> works_ GUARDED_BY(mutex_);
  std::vector<GraphWork*> free_works_ GUARDED_BY(mutex_);
};

}  // namespace grange
