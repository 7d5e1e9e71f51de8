#include "farm/result_roots.h"

#include <algorithm>
#include <chrono>

#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/hash.h"
#include "record/jobsets.h"
#include "record/kept_results.h"

namespace grange {
namespace {

constexpr std::string_view kJobsetPrefix = "jobset-";
constexpr const char* kKeptSet = "kept";
/// What is not needed any more may wait so long.
constexpr std::chrono::milliseconds kTidiesAfter{500};
constexpr std::chrono::seconds kTidiesAgainAfter{30};

std::string set_of_jobset(std::int64_t jobset) {
  return std::string(kJobsetPrefix) + std::to_string(jobset);
}

std::string group_of_state(const std::filesystem::path& state) {
  std::error_code error;
  auto canonical = std::filesystem::weakly_canonical(state, error);
  if (error) canonical = state;
  return hash_bytes(HashAlgorithm::sha256, canonical.string())
      .digits(HashFormat::nix32)
      .substr(0, 32);
}

}  // namespace

void ResultRoots::Wishes::add(const Wishes& more) {
  all = all || more.all;
  kept = kept || more.kept;
  jobsets.insert(more.jobsets.begin(), more.jobsets.end());
  ended.insert(more.ended.begin(), more.ended.end());
}

ResultRoots::ResultRoots(FarmDatabase& database, LocalStore& store, Options options)
    : database_(database),
      store_(store),
      options_(std::move(options)),
      group_(group_of_state(options_.state)) {
  wishes_.all = true;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ResultRoots::~ResultRoots() {
  thread_.request_stop();
  {
    const MutexLock lock(mutex_);
    changed_.notify_all();
  }
  thread_.join();
}

PathRoots ResultRoots::roots_at(const Place& place) const {
  return {place.derivations ? options_.eval_store : store_.location(), group_, place.set,
          options_.sync};
}

ResultRoots::Hold ResultRoots::hold(Place place, const std::set<StorePath>& paths) {
  if (paths.empty()) return nullptr;
  auto roots = roots_at(place);
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    number = ++last_hold_;
    if (tidied_ == place) held_since_.insert(paths.begin(), paths.end());
    held_.emplace(number, std::pair(std::move(place), paths));
  }
  Hold held(this, [number](ResultRoots* self) {
    const MutexLock lock(self->mutex_);
    self->held_.erase(number);
  });
  roots.add(paths);
  return held;
}

ResultRoots::Hold ResultRoots::hold_results(std::int64_t jobset,
                                            const std::set<StorePath>& outputs) {
  auto held = hold({false, set_of_jobset(jobset)}, outputs);
  // By a session of its own: once a running collector has heard of them the links are enough.
  store_.session()->renew_temporary_roots(outputs);
  return held;
}

ResultRoots::Hold ResultRoots::hold_kept(const std::set<StorePath>& outputs) {
  const auto session = store_.session();
  session->add_temporary_roots(outputs);
  const auto there = session->valid_among(outputs);
  auto held = hold({false, kKeptSet}, {there.begin(), there.end()});
  session->renew_temporary_roots(outputs);
  return held;
}

ResultRoots::Hold ResultRoots::hold_derivations(std::int64_t jobset,
                                                const std::set<StorePath>& derivations) {
  return hold({true, set_of_jobset(jobset)}, derivations);
}

void ResultRoots::wish(const Wishes& wishes) {
  const MutexLock lock(mutex_);
  wishes_.add(wishes);
  changed_.notify_all();
}

void ResultRoots::look_at(std::int64_t jobset) {
  Wishes wishes;
  wishes.jobsets.insert(jobset);
  wish(wishes);
}

void ResultRoots::builds_ended(const std::set<std::int64_t>& jobsets) {
  Wishes wishes;
  wishes.ended = jobsets;
  wish(wishes);
}

void ResultRoots::look_at_kept() {
  Wishes wishes;
  wishes.kept = true;
  wish(wishes);
}

void ResultRoots::run(const std::stop_token& stop) {
  const auto pause = [&](std::chrono::milliseconds time) REQUIRES(mutex_) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until) {
      changed_.wait_until(mutex_, until);
    }
  };
  while (!stop.stop_requested()) {
    Wishes wishes;
    {
      const MutexLock lock(mutex_);
      while (wishes_.none() && !stop.stop_requested()) changed_.wait(mutex_);
      if (!wishes_.all) pause(kTidiesAfter);
      if (stop.stop_requested()) return;
      wishes = std::exchange(wishes_, {});
    }
    try {
      serve(wishes);
    } catch (const std::exception& error) {
      options_.warn(std::string("roots of results: ") + error.what());
      const MutexLock lock(mutex_);
      wishes_.add(wishes);
      pause(kTidiesAgainAfter);
    }
  }
}

void ResultRoots::serve(const Wishes& wishes) {
  // First, because what a jobset does not need any more may be marked to be kept.
  tidy({false, kKeptSet}, results_of_kept_builds);
  auto jobsets = wishes.jobsets;
  if (wishes.all) jobsets.merge(all_jobsets());
  for (const auto jobset : jobsets) look_at_jobset(jobset, false);
  for (const auto jobset : wishes.ended) {
    if (!jobsets.contains(jobset)) look_at_jobset(jobset, true);
  }
}

void ResultRoots::look_at_jobset(std::int64_t id, bool only_without_queue) {
  const auto jobset =
      database_.read([&](Database& database) { return Jobsets(database).find(id); });
  const Place results{false, set_of_jobset(id)};
  const Place derivations{true, set_of_jobset(id)};
  if (!jobset) {  // deleted
    roots_at(results).remove_all();
    roots_at(derivations).remove_all();
    return;
  }
  if (only_without_queue && jobset->status.queued_builds > 0) return;
  tidy(results,
       [&](Database& database) { return results_to_keep(database, id, jobset->settings.keep); });
  tidy(derivations, [&](Database& database) { return derivations_to_keep(database, id); });
}

/// Those that are there, and those that were: they may have roots.
std::set<std::int64_t> ResultRoots::all_jobsets() {
  std::set<std::int64_t> ids;
  for (const auto& jobset :
       database_.read([](Database& database) { return Jobsets(database).all(); })) {
    ids.insert(jobset.id);
  }
  for (const auto* location : {&store_.location(), &options_.eval_store}) {
    for (const auto& set : PathRoots::sets(*location, group_)) {
      if (!set.starts_with(kJobsetPrefix)) continue;
      const auto digits = set.substr(kJobsetPrefix.size());
      const bool number =
          !digits.empty() && digits.size() < 19 &&
          std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (number) ids.insert(std::stoll(digits));
    }
  }
  return ids;
}

void ResultRoots::tidy(const Place& place,
                       const std::function<std::set<StorePath>(Database&)>& keep) {
  {
    const MutexLock lock(mutex_);
    tidied_ = place;
    held_since_.clear();
    for (const auto& [number, held] : held_) {
      if (held.first == place) held_since_.insert(held.second.begin(), held.second.end());
    }
  }
  // What is a root by now and not held is needed by what is recorded by now, or not at all.
  auto roots = roots_at(place);
  const auto present_roots = roots.paths();
  const auto kept = database_.read(keep);
  std::set<StorePath> missing;
  std::set_difference(kept.begin(), kept.end(), present_roots.begin(), present_roots.end(),
                      std::inserter(missing, missing.end()));
  if (!missing.empty()) {
    const auto session = store_.session();
    if (place.derivations) {
      std::erase_if(missing, [&](const StorePath& path) {
        return ::access((options_.eval_store.real_store / path.base_name()).c_str(), F_OK) != 0;
      });
      roots.add(missing);
    } else {
      session->add_temporary_roots(missing);
      const auto there = session->valid_among(missing);
      roots.add({there.begin(), there.end()});
      session->renew_temporary_roots(missing);
    }
  }
  if (!present_roots.empty() || !missing.empty()) fault_point("serve.before-old-roots");
  for (const auto& path : present_roots) {
    if (kept.contains(path)) continue;
    const MutexLock lock(mutex_);
    if (!held_since_.contains(path)) roots.remove(path);
  }
  const MutexLock lock(mutex_);
  tidied_.reset();
  held_since_.clear();
}

}  // namespace grange
