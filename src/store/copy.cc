#include "store/copy.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/thread_annotations.h"
#include "store/observed_nar.h"
#include "store/realisation_closure.h"
#include "store/reference_order.h"

namespace grange {
namespace {

/// What the destination lacks of a closure.
struct Missing {
  std::map<StorePath, PathInfo> infos;
  std::set<StorePath> absent;  ///< of the closure, and nowhere
};

/// A store that has a path has all that it refers to, so nothing below such a path is asked for.
Missing find_missing(Store& from, Store& to, const std::set<StorePath>& roots,
                     const std::stop_token& stop) {
  Missing missing;
  std::set<StorePath> seen = roots;
  std::set<StorePath> asked = roots;
  while (!asked.empty()) {
    if (stop.stop_requested()) throw CancelledError("copying was cancelled");
    for (const auto& path : to.valid_among(asked)) asked.erase(path);
    auto infos = from.path_infos(asked);
    std::set<StorePath> next;
    for (const auto& path : asked) {
      const auto found = infos.find(path);
      if (found == infos.end()) {
        missing.absent.insert(path);
        continue;
      }
      for (const auto& reference : found->second.references) {
        if (seen.insert(reference).second) next.insert(reference);
      }
      missing.infos.emplace(path, std::move(found->second));
    }
    asked = std::move(next);
  }
  return missing;
}

/// Leaves out what refers to what is nowhere, directly or through others.
void leave_out_incomplete(Missing& missing) {
  std::map<StorePath, std::vector<StorePath>> referrers;
  for (const auto& [path, info] : missing.infos) {
    for (const auto& reference : info.references) {
      if (reference != path) referrers[reference].push_back(path);
    }
  }
  std::vector<StorePath> pending(missing.absent.begin(), missing.absent.end());
  while (!pending.empty()) {
    const auto path = std::move(pending.back());
    pending.pop_back();
    for (const auto& referrer : referrers[path]) {
      if (missing.infos.erase(referrer) > 0) pending.push_back(referrer);
    }
  }
}

/// A large NAR fills the line alone: what many of them at once would take is memory.
constexpr std::uint64_t kLargeNar = std::uint64_t{4} << 20;
constexpr unsigned kLargeAtOnce = 6;

unsigned transfers_between(const Store& from, const Store& to, unsigned asked) {
  if (asked > 0) return asked;
  return std::max({from.transfers_at_once(), to.transfers_at_once(), processor_count()});
}

/// Copies paths from several threads, each when its references are there.
class Copying {
 public:
  Copying(Store& from, Store& to, std::map<StorePath, PathInfo> infos, bool keep_going,
          CopyObserver& observer, std::stop_token stop)
      : from_(from),
        to_(to),
        infos_(std::move(infos)),
        keep_going_(keep_going),
        observer_(observer),
        stop_(std::move(stop)) {
    for (const auto& [path, info] : infos_) {
      std::size_t waits = 0;
      for (const auto& reference : info.references) {
        if (reference == path || !infos_.contains(reference)) continue;
        referrers_[reference].push_back(path);
        ++waits;
      }
      waiting_.emplace(path, waits);
      if (waits == 0) make_ready(path);
    }
    left_ = infos_.size();
  }

  /// What failed itself, and why: only where it keeps going.
  std::map<StorePath, std::string> run(unsigned jobs) {
    const std::stop_callback wake(stop_, [this] {
      const MutexLock lock(mutex_);
      changed_.notify_all();
    });
    const auto count = std::min<std::size_t>(std::max(jobs, 1U), infos_.size());
    const auto large = std::max(kLargeAtOnce, processor_count());
    {
      const MutexLock lock(mutex_);
      large_free_ = std::min(std::max(jobs, 1U), large);
    }
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 1; i < count; ++i) threads.emplace_back([this] { work(); });
      work();
    }
    const MutexLock lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    if (left_ == 0) return std::move(failed_);
    if (stop_.stop_requested()) throw CancelledError("copying was cancelled");
    throw CorruptError("the references of what is to be copied go in a circle");
  }

 private:
  void work() {
    while (auto path = next()) {
      try {
        copy(infos_.at(*path));
        done(*path);
      } catch (const std::exception& error) {
        if (keep_going_ && !stop_.stop_requested()) {
          give_up_on(*path, error.what());
          continue;
        }
        const MutexLock lock(mutex_);
        if (!error_) error_ = std::current_exception();
        ended(*path);
        changed_.notify_all();
        return;
      }
    }
  }

  std::optional<StorePath> next() {
    const MutexLock lock(mutex_);
    for (;;) {
      if (error_ || left_ == 0 || stop_.stop_requested()) return std::nullopt;
      if (!ready_.empty() || (!ready_large_.empty() && large_free_ > 0)) break;
      if (running_ == 0) return std::nullopt;  // a circle: nothing will ever be ready
      changed_.wait(mutex_);
    }
    // Large ones first: they take longest.
    const bool large = !ready_large_.empty() && large_free_ > 0;
    auto& from = large ? ready_large_ : ready_;
    auto path = std::move(from.back());
    from.pop_back();
    if (large) --large_free_;
    ++running_;
    return path;
  }

  bool is_large(const StorePath& path) const { return infos_.at(path).nar_size > kLargeNar; }

  void make_ready(const StorePath& path) REQUIRES(mutex_) {
    (is_large(path) ? ready_large_ : ready_).push_back(path);
  }

  void ended(const StorePath& path) REQUIRES(mutex_) {
    --running_;
    if (is_large(path)) ++large_free_;
  }

  void copy(const PathInfo& info) {
    with_context(
        [&] {
          return "while copying '" + from_.store_dir().print(info.path) + "' to " + to_.describe();
        },
        [&] {
          const auto nar = observed_nar(from_.open_nar(info.path), [this](std::uint64_t bytes) {
            if (stop_.stop_requested()) throw CancelledError("copying was cancelled");
            const MutexLock lock(mutex_);
            observer_.moved(bytes);
          });
          to_.add(info, *nar);
        });
  }

  /// Nor will anything that refers to it be copied.
  void give_up_on(const StorePath& path, const std::string& why) {
    const MutexLock lock(mutex_);
    failed_.emplace(path, why);
    ended(path);
    std::vector<StorePath> pending = {path};
    while (!pending.empty()) {
      const auto given_up = std::move(pending.back());
      pending.pop_back();
      --left_;
      for (const auto& referrer : referrers_[given_up]) {
        if (waiting_.erase(referrer) > 0) pending.push_back(referrer);
      }
    }
    changed_.notify_all();
  }

  void done(const StorePath& path) {
    const MutexLock lock(mutex_);
    observer_.copied(infos_.at(path));
    ended(path);
    --left_;
    for (const auto& referrer : referrers_[path]) {
      const auto waiting = waiting_.find(referrer);
      if (waiting != waiting_.end() && --waiting->second == 0) make_ready(referrer);
    }
    changed_.notify_all();
  }

  Store& from_;
  Store& to_;
  const std::map<StorePath, PathInfo> infos_;
  const bool keep_going_;
  CopyObserver& observer_;
  std::stop_token stop_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::map<StorePath, std::vector<StorePath>> referrers_ GUARDED_BY(mutex_);
  std::map<StorePath, std::size_t> waiting_ GUARDED_BY(mutex_);  ///< for so many references
  std::vector<StorePath> ready_ GUARDED_BY(mutex_);
  std::vector<StorePath> ready_large_ GUARDED_BY(mutex_);
  unsigned large_free_ GUARDED_BY(mutex_) = 0;  ///< so many more may begin
  std::size_t left_ GUARDED_BY(mutex_) = 0;
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  std::exception_ptr error_ GUARDED_BY(mutex_);
  std::map<StorePath, std::string> failed_ GUARDED_BY(mutex_);
};

/// One after the other in one request: where reading costs no round trips, and each request does.
void copy_together(Store& from, Store& to, const std::map<StorePath, PathInfo>& missing,
                   CopyObserver& observer, const std::stop_token& stop) {
  std::vector<PathInfo> infos;
  for (const auto& [path, info] : missing) infos.push_back(info);
  const PathInfo* under_way = nullptr;
  const auto end = [&] {
    if (under_way != nullptr) observer.copied(*under_way);
  };
  with_context(
      [&] {
        const auto which = under_way == nullptr
                               ? std::string("paths")
                               : "'" + from.store_dir().print(under_way->path) + "'";
        return "while copying " + which + " to " + to.describe();
      },
      [&] {
        to.add_together(references_first(from.store_dir(), infos),
                        [&](const PathInfo& info) -> std::unique_ptr<NarStream> {
                          if (stop.stop_requested()) throw CancelledError("copying was cancelled");
                          end();
                          under_way = &info;
                          return observed_nar(from.open_nar(info.path), [&](std::uint64_t bytes) {
                            if (stop.stop_requested())
                              throw CancelledError("copying was cancelled");
                            observer.moved(bytes);
                          });
                        });
        end();
      });
}

/// From so many on paths are added together where the destination can.
constexpr std::size_t kSeveral = 2;

void check_store_dirs(const Store& from, const Store& to) {
  if (from.store_dir() == to.store_dir()) return;
  throw InvalidError("paths cannot be copied between store directories: '" +
                     from.store_dir().str() + "' (" + from.describe() + ") and '" +
                     to.store_dir().str() + "' (" + to.describe() + ")");
}

}  // namespace

CopyResult copy_closure(Store& from, Store& to, const std::set<StorePath>& roots,
                        const CopyOptions& options, CopyObserver& observer,
                        const std::stop_token& stop) {
  check_store_dirs(from, to);
  auto missing = find_missing(from, to, roots, stop);
  if (!missing.absent.empty() && !options.keep_going) {
    throw NotFoundError("path '" + from.store_dir().print(*missing.absent.begin()) +
                        "' is not in " + from.describe());
  }
  leave_out_incomplete(missing);
  CopyResult result;
  result.paths = missing.infos.size();
  for (const auto& [path, info] : missing.infos) {
    if (options.trust) check_trusted(from.store_dir(), info, *options.trust, from.describe());
    result.bytes += info.nar_size;
  }
  observer.planned(result.paths, result.bytes);
  if (missing.infos.empty()) return result;
  const bool reads_at_once = from.transfers_at_once() == 0;
  if (missing.infos.size() >= kSeveral && !options.keep_going && reads_at_once &&
      to.adds_together()) {
    copy_together(from, to, missing.infos, observer, stop);
    return result;
  }
  result.failed = Copying(from, to, std::move(missing.infos), options.keep_going, observer, stop)
                      .run(transfers_between(from, to, options.jobs));
  return result;
}

CopyResult copy_realised(Store& from, Store& to, const std::set<DrvOutput>& ids,
                         const CopyOptions& options, CopyObserver& observer,
                         const std::stop_token& stop) {
  const auto [realisations, missing] = realisation_closure(from, ids, stop);
  if (!missing.empty()) {
    throw NotFoundError("realisation '" + missing.begin()->to_string() + "' is not in " +
                        from.describe());
  }
  std::set<StorePath> paths;
  for (const auto& [id, realisation] : realisations) {
    if (options.trust) check_trusted(realisation, *options.trust, from.describe());
    paths.insert(realisation.out_path);
  }
  auto result = copy_closure(from, to, paths, options, observer, stop);
  result.conflicts = to.register_realisations(in_dependency_order(realisations));
  result.realisations = realisations.size() - result.conflicts.size();
  return result;
}

}  // namespace grange
