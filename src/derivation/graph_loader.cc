#include "derivation/graph_loader.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "base/parallel.h"

namespace grange {
namespace {

/// There are a handful. Were there more than so many, some would be kept more than once.
constexpr std::size_t kSystemsSearched = 100;

/// Says something about one file, not about the whole run?
bool concerns_one_file(ErrorKind kind) noexcept {
  return kind == ErrorKind::invalid || kind == ErrorKind::corrupt || kind == ErrorKind::denied ||
         kind == ErrorKind::system;
}

}  // namespace

GraphLoader::GraphLoader(GraphData& data, const DerivationReader& reader,
                         const GraphOptions& options)
    : data_(data), reader_(reader), options_(options), entries_(data) {
  if (data_.names.empty()) data_.names.emplace_back("out");
  if (data_.systems.empty()) data_.systems.emplace_back();
}

void GraphLoader::load(std::span<const StorePath> roots) {
  {
    const MutexLock lock(mutex_);
    entries_.take_over();
    // The first root is read first.
    for (auto root = roots.rbegin(); root != roots.rend(); ++root) {
      unread_.push_back(&entries_.intern(root->base_name(), data_.table.hash(root->base_name())));
    }
  }
  {
    const unsigned threads = options_.threads == 0 ? processor_count() : options_.threads;
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([this] { run(); });
    run();
  }
  {
    const MutexLock lock(mutex_);
    if (error_) std::rethrow_exception(error_);
  }
  explain_cycles();
  arrange(roots);
}

void GraphLoader::run() {
  try {
    NodeComputer computer(data_, options_.check_own_paths);
    Task task;
    while ((task = exchange(task)).work != nullptr) perform(task, computer);
  } catch (...) {
    fail(std::current_exception());
  }
}

void GraphLoader::perform(Task task, NodeComputer& computer) {
  if (options_.stop.stop_requested()) throw CancelledError("loading derivations was cancelled");
  auto& work = *task.work;
  if (task.stage == Stage::compute) {
    computer.compute(work);
    return;
  }
  auto& node = work.entry->node;
  const auto path = StorePath::parse(node.base_name);
  work.problem.clear();
  work.parsed = false;
  node.state = DerivationGraph::State::unverified;
  try {
    if (!reader_(path, work.text)) {
      node.state = DerivationGraph::State::missing;
      work.problem = "there is no such file";
      return;
    }
  } catch (Error& error) {
    if (!concerns_one_file(error.kind())) {
      error.add_context("while reading derivation '" + path.base_name() + "'");
      throw;
    }
    work.problem = error.what();
    return;
  }
  computer.parse(work);
}

GraphLoader::Task GraphLoader::exchange(Task finished) {
  const MutexLock lock(mutex_);
  if (finished.work != nullptr) {
    settle(finished);
    --running_;
  }
  for (;;) {
    if (error_) return {};
    if (const Task task = take_task(); task.work != nullptr) {
      ++running_;
      if (sleeping_ > 0 && !(ready_.empty() && unread_.empty())) wake_.notify_one();
      return task;
    }
    if (running_ == 0) {
      wake_.notify_all();
      return {};
    }
    ++sleeping_;
    wake_.wait(mutex_);
    --sleeping_;
  }
}

GraphLoader::Task GraphLoader::take_task() {
  if (!ready_.empty()) {
    GraphWork* const work = ready_.back();
    ready_.pop_back();
    return {Stage::compute, work};
  }
  while (!unread_.empty() && unread_.back()->started) unread_.pop_back();
  if (unread_.empty()) return {};
  if (free_works_.empty()) {
    works_.push_back(std::make_unique<GraphWork>());
    free_works_.push_back(works_.back().get());
  }
  GraphWork* const work = free_works_.back();
  free_works_.pop_back();
  work->entry = unread_.back();
  work->entry->started = true;
  unread_.pop_back();
  return {Stage::read, work};
}

void GraphLoader::fail(std::exception_ptr error) noexcept {
  const MutexLock lock(mutex_);
  if (!error_) error_ = std::move(error);
  wake_.notify_all();
}

void GraphLoader::settle(Task task) {
  auto& work = *task.work;
  if (task.stage == Stage::read && work.parsed) {
    register_inputs(work);
    if (work.unfinished_inputs == 0) ready_.push_back(&work);
  } else {
    finish(work);
  }
}

void GraphLoader::register_inputs(GraphWork& work) {
  const std::size_t count = work.fields.inputs.size();
  const auto prefix = data_.store.str().size() + 1;
  work.unfinished_inputs = 0;
  work.inputs.clear();
  const auto edges = data_.edges.allocate(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto base_name = work.fields.inputs[i].path.of(work.text).substr(prefix);
    GraphEntry& input = entries_.intern(base_name, work.input_hashes[i]);
    edges[i] = make_edge(work, i, input);
    work.inputs.push_back(&input);
    if (!input.finished) {
      if (!input.started) unread_.push_back(&input);
      add_waiter(input, work);
      ++work.unfinished_inputs;
    }
  }
  work.entry->node.inputs = edges;
}

DerivationGraph::Edge GraphLoader::make_edge(const GraphWork& work, std::size_t input,
                                             const GraphEntry& entry) {
  const auto& field = work.fields.inputs[input];
  const auto name = [&](std::uint32_t i) {
    return work.fields.names[field.first_name + i].of(work.text);
  };
  DerivationGraph::Edge edge{entry.number, 0, field.name_count};
  if (field.name_count == 1 && name(0) == data_.names.front()) return edge;
  edge.first_output_name = static_cast<std::uint32_t>(data_.names.size());
  for (std::uint32_t i = 0; i < field.name_count; ++i) {
    data_.names.push_back(keep_text(data_.texts, name(i)));
  }
  return edge;
}

void GraphLoader::add_waiter(GraphEntry& entry, GraphWork& work) {
  std::uint32_t place = free_waiter_;
  if (place == GraphEntry::kNoWaiter) {
    place = static_cast<std::uint32_t>(waiters_.size());
    waiters_.emplace_back();
  } else {
    free_waiter_ = waiters_[place].next;
  }
  waiters_[place] = {&work, entry.first_waiter};
  entry.first_waiter = place;
}

std::uint32_t GraphLoader::number_of_system(std::string_view system) {
  auto& systems = data_.systems;
  if (systems.size() < kSystemsSearched) {
    const auto found = std::find(systems.begin(), systems.end(), system);
    if (found != systems.end()) return static_cast<std::uint32_t>(found - systems.begin());
  } else if (systems.back() == system) {
    return static_cast<std::uint32_t>(systems.size() - 1);
  }
  systems.push_back(keep_text(data_.texts, system));
  return static_cast<std::uint32_t>(systems.size() - 1);
}

void GraphLoader::finish(GraphWork& work) {
  auto& entry = *work.entry;
  if (work.parsed) entry.node.system = number_of_system(work.fields.system.of(work.text));
  if (!work.problem.empty()) {
    if (entry.node.state != DerivationGraph::State::missing) {
      entry.node.state = DerivationGraph::State::malformed;
    }
    entry.node.problem = keep_text(data_.texts, work.problem);
  } else {
    entry.node.outputs = data_.outputs.copy(work.outputs);
    for (auto& output : entry.node.outputs) {
      output.name = output.name == "out" ? "out" : keep_text(data_.texts, output.name);
    }
  }
  entry.finished = true;
  for (auto place = entry.first_waiter; place != GraphEntry::kNoWaiter;) {
    Waiter& waiter = waiters_[place];
    if (--waiter.work->unfinished_inputs == 0) ready_.push_back(waiter.work);
    const auto next = std::exchange(waiter.next, free_waiter_);
    free_waiter_ = std::exchange(place, next);
  }
  entry.first_waiter = GraphEntry::kNoWaiter;
  free_works_.push_back(&work);
}

}  // namespace grange
