#include "evaluate/nix_walk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "derivation/target_map.h"
#include "evaluate/selection.h"
#include "evaluate/store_failure.h"
#include "evaluate/walker_expression.h"

namespace grange {
namespace {

using Kind = WalkerReport::Kind;
using Phase = WalkWorker::Phase;
using Ended = WalkWorker::Ended;
using std::chrono::milliseconds;

/// Between two looks at memory and time: an evaluator allocates about 1 GB/s.
constexpr milliseconds kTick{25};
/// Beyond the memory limit, for what grows too fast to be seen at a tick; the evaluator also
/// reserves addresses that it does not use.
constexpr std::uint64_t kAddressSpaceReserve = std::uint64_t{2} << 30;
constexpr std::size_t kFirstBatch = 4;
constexpr std::size_t kLargestBatch = 64;
/// A batch shorter than the first makes the next one larger, one longer than the second smaller.
constexpr milliseconds kShortBatch{20};
constexpr milliseconds kLongBatch{100};
constexpr milliseconds kEndPatience{5000};
constexpr std::size_t kDeepest = 64;
constexpr std::uint64_t kMostAttributes = 10'000'000;
constexpr std::size_t kLargestMeta = 256 << 10;

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{} MiB", bytes >> 20);
}

bool is_out_of_memory(std::string_view message) {
  return message.find("out of memory") != std::string_view::npos;
}

}  // namespace

NixWalk::NixWalk(const Selection& selection, const EvaluateOptions& options, const Clock& clock,
                 TargetSink& sink, std::stop_token stop)
    : options_(options),
      clock_(clock),
      stop_(std::move(stop)),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      title_(selection_title(selection)),
      selection_arguments_(selection_arguments(selection)),
      space_(options, walker_expression()),
      facts_(evaluation_root(options)),
      aggregates_(evaluation_root(options)),
      sink_(sink,
            [this](EvaluatedTarget& target, const std::vector<StorePath>& constituents) {
              join(target, constituents);
            }),
      most_workers_(std::max(options.workers, 1U)),
      batch_limit_(kFirstBatch),
      began_(clock.monotonic()),
      checked_(began_),
      last_start_(began_) {
  if (!stop_event_) throw_errno("making an event descriptor");
  WalkSet selected;
  selected.selected = selected_paths(selection);
  queue_.add(std::make_shared<const WalkSet>(std::move(selected)));
}

NixWalk::~NixWalk() = default;

EvaluationSummary NixWalk::run() {
  const std::stop_callback wake(stop_, [this]() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_event_.get(), &one, sizeof one);
  });
  while (!finished()) {
    hand_out();
    start_missing_workers();
    wait_for_news();
    if (stop_.stop_requested()) throw CancelledError("the evaluation was stopped");
    const auto now = clock_.monotonic();
    if (now - checked_ >= kTick) {
      checked_ = now;
      check_limits();
    }
  }
  sink_.finish(problem_.empty());
  await_dismissed();
  return {problem_.empty(), sink_.targets(), sink_.errors(), problem_};
}

bool NixWalk::finished() const {
  if (!problem_.empty()) return true;
  return queue_.empty() && std::none_of(workers_.begin(), workers_.end(), [](const auto& worker) {
           return worker->phase() == Phase::busy;
         });
}

// What is found.

void NixWalk::visited(const WalkSet& set, std::size_t index, const WalkerReport& report) {
  ++visited_;
  auto attr_path = set.attr_path(index);
  if (report.kind == Kind::derivation) {
    add_target(std::move(attr_path), report);
  } else if (report.kind == Kind::set) {
    add_set(std::move(attr_path), report.members);
  } else if (set.is_selection()) {
    if (attr_path.empty()) {
      throw InvalidError(title_ + " evaluates to a " + report.type +
                         ", not to a derivation or a set of them");
    }
    failed(set, index, "it is a " + report.type + ", not a derivation or a set of them");
  } else if (!report.missing_argument.empty()) {
    said("note: '" + make_label(attr_path) + "' is no target: it is a function whose argument '" +
         report.missing_argument + "' has no value");
  }
}

void NixWalk::add_target(std::vector<std::string> attr_path, const WalkerReport& report) {
  auto target = [&]() -> std::optional<EvaluatedTarget> {
    try {
      return facts_.target(attr_path, report.derivation_path);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::system) throw;
      sink_.error({make_label(attr_path), attr_path, error.what()});
      return std::nullopt;
    }
  }();
  if (!target) return;
  if (report.has_meta && report.meta_json.size() <= kLargestMeta) {
    target->meta_json = report.meta_json;
  } else if (report.has_meta) {
    said("warning: meta of '" + target->label + "' is left out: it has " +
         format_bytes(report.meta_json.size()));
  }
  // What the sink throws is no affair of the target's.
  if (!report.is_aggregate) return sink_.target(*std::move(target));
  target->constituents = report.constituents;
  sink_.aggregate(*std::move(target), report.constituents_are_globs);
}

/// An aggregate with what it names as inputs is another derivation.
void NixWalk::join(EvaluatedTarget& target, const std::vector<StorePath>& constituents) {
  const auto joined = aggregates_.with_inputs(target.derivation, constituents);
  auto known = facts_.target(target.attr_path, StoreDir::nix().print(joined));
  target.derivation = std::move(known.derivation);
  target.outputs = std::move(known.outputs);
}

void NixWalk::add_set(std::vector<std::string> attr_path, std::vector<std::string> members) {
  if (attr_path.size() >= kDeepest) {
    sink_.error({make_label(attr_path), attr_path,
                 fmt::format("it is nested more than {} sets deep", kDeepest)});
    return;
  }
  WalkSet set;
  set.path = std::move(attr_path);
  set.names = std::move(members);
  queue_.add(std::make_shared<const WalkSet>(std::move(set)));
  if (queue_.added() > kMostAttributes) {
    problem_ = fmt::format("{} has more than {} attributes to visit", title_,
                           format_count(kMostAttributes));
  }
}

void NixWalk::failed(const WalkSet& set, std::size_t index, std::string message) {
  // With imports the words may be those of a builder.
  if (!options_.imports) throw_if_store_failed(message, options_.eval_store_root);
  ++visited_;
  auto attr_path = set.attr_path(index);
  auto label = make_label(attr_path);
  sink_.error({std::move(label), std::move(attr_path), std::move(message)});
}

void NixWalk::said(std::string_view line) {
  sink_.message(line);
}

// Who works.

void NixWalk::start_worker() {
  last_start_ = clock_.monotonic();
  workers_.push_back(std::make_unique<WalkWorker>(
      WalkerProcess(options_.nix_program, space_, selection_arguments_, make_walker_token(),
                    options_.max_memory, kAddressSpaceReserve),
      space_.expression_file().string(), last_start_));
}

void NixWalk::start_missing_workers() {
  if (queue_.empty() || workers_.size() >= most_workers_) return;
  const bool fresh_one = std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) {
    return worker->is_fresh() && worker->phase() != Phase::busy;
  });
  if (fresh_one) return;
  if (workers_.empty() || queue_.retries() > 0 || another_worker_pays()) start_worker();
}

/// A worker begins by evaluating what the others have in common already. It pays when what waits
/// takes those that are there clearly longer.
bool NixWalk::another_worker_pays() const {
  const auto now = clock_.monotonic();
  const Seconds cost = std::max<Seconds>(2 * opening_time_, milliseconds(50));
  if (queue_.waiting() == 0 || now - last_start_ < cost) return false;
  Seconds worked{0};
  for (const auto& worker : workers_) worked += now - worker->opened();
  const double each = worked.count() / static_cast<double>(visited_ + 1);
  const double left = each * static_cast<double>(queue_.waiting());
  return left / static_cast<double>(workers_.size()) > cost.count();
}

void NixWalk::hand_out() {
  // Dismissing changes the list.
  for (std::size_t i = 0; i < workers_.size();) {
    auto& worker = *workers_[i];
    if (worker.phase() == Phase::idle && !give_work(worker)) {
      dismiss(worker);
    } else {
      ++i;
    }
  }
}

/// False when this worker can do nothing of what is left, and is in the way of one that could.
bool NixWalk::give_work(WalkWorker& worker) {
  const auto now = clock_.monotonic();
  if (worker.is_fresh()) {
    if (auto retry = queue_.take_retry()) {
      worker.give(std::move(*retry), now);
      return true;
    }
  } else if (worker.process().resident_bytes() > options_.max_memory / 4 * 3 && !queue_.empty()) {
    return false;
  }
  std::size_t limit = batch_limit_;
  if (workers_.size() > 1) limit = std::min(limit, queue_.waiting() / (2 * workers_.size()) + 1);
  if (auto batch = queue_.take(limit)) {
    worker.give(std::move(*batch), now);
    return true;
  }
  return queue_.retries() == 0;
}

void NixWalk::adapt_batch(const WalkWorker& worker) {
  const auto took = clock_.monotonic() - worker.given();
  if (took < kShortBatch) {
    batch_limit_ = std::min(batch_limit_ * 2, kLargestBatch);
  } else if (took > kLongBatch) {
    batch_limit_ = std::max<std::size_t>(batch_limit_ / 2, 1);
  }
}

// What happens.

void NixWalk::wait_for_news() {
  std::vector<pollfd> descriptors{{stop_event_.get(), POLLIN, 0}};
  for (const auto& worker : workers_) {
    descriptors.push_back({worker->process().output_descriptor(), POLLIN, 0});
    descriptors.push_back({worker->process().end_descriptor(), POLLIN, 0});
  }
  if (::poll(descriptors.data(), descriptors.size(), static_cast<int>(kTick.count())) < 0) {
    if (errno == EINTR) return;
    throw_errno("waiting for evaluators");
  }
  // Burying changes the list.
  std::vector<std::pair<WalkWorker*, bool>> news;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const bool output = descriptors[2 * i + 1].revents != 0;
    const bool end = descriptors[2 * i + 2].revents != 0;
    if (output || end) news.emplace_back(workers_[i].get(), end);
  }
  for (const auto& [worker, end] : news) {
    if (end) {
      while (worker->pump(*this, clock_.monotonic())) {
      }
      bury(*worker);
    } else {
      pump(*worker);
    }
  }
}

void NixWalk::pump(WalkWorker& worker) {
  const Phase before = worker.phase();
  worker.pump(*this, clock_.monotonic());
  if (before == Phase::opening && worker.phase() == Phase::broken) {
    refuse(worker.open_error());
  }
  if (worker.phase() != Phase::idle) return;
  if (before == Phase::opening) {
    openings_failed_ = 0;
    if (opening_time_ == Seconds{0}) opening_time_ = worker.opened() - worker.started();
  } else if (before == Phase::busy) {
    adapt_batch(worker);
    if (auto rest = worker.take_rest()) queue_.put_back(std::move(*rest));
  }
}

void NixWalk::check_limits() {
  const auto now = clock_.monotonic();
  for (const auto& worker : workers_) {
    if (worker->phase() == Phase::idle || worker->ended() != Ended::by_itself) continue;
    if (options_.imports && options_.imports->waits(worker->process().pid())) worker->excuse(now);
    if (worker->process().resident_bytes() > options_.max_memory) {
      worker->end(Ended::memory);
    } else if (now - worker->waiting_since() > options_.attribute_timeout) {
      worker->end(Ended::timeout);
    }
  }
  if (problem_.empty() && options_.timeout.count() > 0 && now - began_ > options_.timeout) {
    problem_ = fmt::format("evaluating {} took more than {} in all", title_,
                           format_duration(options_.timeout.count()));
  }
  std::erase_if(dismissed_,
                [&](const auto& worker) { return worker->process().wait_until(now).has_value(); });
}

// Who is to blame.

std::unique_ptr<WalkWorker> NixWalk::take_out(WalkWorker& worker) {
  const auto place = std::find_if(workers_.begin(), workers_.end(),
                                  [&](const auto& other) { return other.get() == &worker; });
  auto taken = std::move(*place);
  workers_.erase(place);
  return taken;
}

void NixWalk::bury(WalkWorker& worker) {
  const auto taken = take_out(worker);
  const auto status = *taken->process().wait_until(MonotonicTime::max());
  if (taken->ended() == Ended::by_itself && taken->process().ran_out_of_memory()) {
    taken->end(Ended::memory);
  }
  if (taken->phase() == Phase::broken) {
    refuse(taken->open_error());
  }
  if (taken->phase() == Phase::opening) {
    judge_opening(*taken, status);
    return;
  }
  taken->settle(*this);
  if (taken->phase() == Phase::busy && taken->rest() && taken->rest()->count > 0) {
    judge_member(*taken, status);
  }
  if (auto rest = taken->take_rest()) queue_.put_back(std::move(*rest));
}

void NixWalk::refuse(const std::string& message) const {
  if (!options_.imports) throw_if_store_failed(message, options_.eval_store_root);
  throw InvalidError("cannot evaluate " + title_ + ": " + message);
}

/// The root itself: nothing was visited yet that could be blamed.
void NixWalk::judge_opening(WalkWorker& worker, const ExitStatus& status) {
  const auto message = worker.message();
  if (worker.ended() == Ended::memory || is_out_of_memory(message)) {
    problem_ = fmt::format("evaluating {} needs more than {} of memory; raise --max-memory", title_,
                           mebibytes(options_.max_memory));
  } else if (worker.ended() == Ended::timeout) {
    problem_ = fmt::format("evaluating {} took more than {}", title_,
                           format_duration(options_.attribute_timeout.count()));
  } else if (status.signal == 0 && !message.empty()) {
    refuse(message);
  } else if (++openings_failed_ >= kMostDeaths) {
    // Those that run may still get everything done.
    most_workers_ = workers_.size();
    if (workers_.empty()) {
      problem_ = fmt::format("the evaluator '{}' ended {} times before it could begin: {}",
                             options_.nix_program, openings_failed_, status.to_string());
      if (const auto words = worker.last_words(); !words.empty()) problem_ += ": " + words;
    }
  }
}

void NixWalk::judge_member(WalkWorker& worker, const ExitStatus& status) {
  WalkBatch rest = *worker.take_rest();
  const WalkBatch member{rest.set, rest.first, 1, rest.deaths + 1};
  ++rest.first;
  --rest.count;
  rest.deaths = 0;
  queue_.put_back(std::move(rest));

  const auto message = worker.message();
  const auto blame = [&](std::string why) { failed(*member.set, member.first, std::move(why)); };
  if (worker.ended() == Ended::timeout) {
    blame(fmt::format("evaluating it took more than {}",
                      format_duration(options_.attribute_timeout.count())));
  } else if (worker.ended() == Ended::overflow) {
    blame(fmt::format("its result is longer than {}", format_bytes(LineBuffer::kLongestLine)));
  } else if (worker.ended() == Ended::memory || is_out_of_memory(message)) {
    if (!worker.is_fresh()) return queue_.add_retry(member);
    blame(fmt::format("evaluating it needs more than {} of memory (--max-memory)",
                      mebibytes(options_.max_memory)));
  } else if (worker.ended() == Ended::by_itself && status.signal == 0 && !message.empty()) {
    blame(message);
  } else if (member.deaths < kMostDeaths) {
    queue_.add_retry(member);
  } else {
    const std::string how = worker.ended() == Ended::confused
                                ? "its evaluator did not keep to its protocol"
                                : "its evaluator ended with " + status.to_string();
    blame(fmt::format("{}, {} times", how, member.deaths));
  }
}

void NixWalk::dismiss(WalkWorker& worker) {
  auto taken = take_out(worker);
  taken->process().close_input();
  dismissed_.push_back(std::move(taken));
}

/// An evaluator that ends by itself leaves its store's database tidied; one that does not, or is at
/// work still, is killed, which harms nothing.
void NixWalk::await_dismissed() {
  std::erase_if(workers_, [](const auto& worker) { return worker->phase() != Phase::idle; });
  while (!workers_.empty()) dismiss(*workers_.back());
  const auto deadline = clock_.monotonic() + kEndPatience;
  for (const auto& worker : dismissed_) worker->process().wait_until(deadline);
}

}  // namespace grange
