#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/signature.h"
#include "base/thread_annotations.h"
#include "store/fetch_observer.h"
#include "store/local_store.h"
#include "store/store.h"

namespace grange {

/// A store that outputs may be fetched from instead of making them.
struct Substituter {
  std::shared_ptr<Store> store;
  std::int64_t priority = 0;  ///< smaller ones are asked first
  bool trusted = false;       ///< needs no signatures
};

/// Fetches what others have made (nix-store.md §7.4): for each path the first substituter counts
/// that has it and is believed; when fetching it from there fails, the next one is asked. Thread
/// safe.
class Substituters {
 public:
  struct Fetched {
    std::size_t paths = 0;
    std::uint64_t bytes = 0;  ///< of their NARs
    std::size_t realisations = 0;
  };

  /// `jobs`: paths on their way at once, for each call; 0: as many as the substituters are worth.
  /// `warn` hears, once each, why something was
  /// not taken, from any thread.
  Substituters(std::vector<Substituter> substituters, TrustedKeys keys, unsigned jobs,
               std::function<void(const std::string&)> warn);

  bool empty() const { return substituters_.empty(); }

  /// Makes those of `paths` valid in `to` whose whole closures can be had. Who asks looks
  /// afterwards what is there. Answers which of the others are not because fetching something
  /// failed that a substituter says it has, and why: not those that nobody has, or no longer.
  /// Throws CancelledError, and what `to` throws.
  std::map<StorePath, std::string> fetch_paths(LocalStore& to, const std::set<StorePath>& paths,
                                               const std::stop_token& stop,
                                               FetchObserver* observer = nullptr);
  /// What each output is called by newer Nixes, as far as it is known.
  using TraceKeys = std::map<DrvOutput, BuildTraceKey>;
  /// Registers realisations of `ids` in `to`, with all that they depend on, once their outputs are
  /// there. One that contradicts what `to` knows of a dependency is not taken. What nobody has in
  /// Nix 2.8's form is asked for in the newer one (Store::build_trace), and registered without
  /// signatures, which are of that form. Answers as `fetch_paths` does, by what was asked for.
  std::map<DrvOutput, std::string> fetch_realisations(LocalStore& to,
                                                      const std::set<DrvOutput>& ids,
                                                      const TraceKeys& trace_keys,
                                                      const std::stop_token& stop,
                                                      FetchObserver* observer = nullptr);

  /// Replaces the damaged files of a valid path by those of the first substituter that is believed
  /// and has the very content that is registered. False when none has it. Throws CancelledError,
  /// and what replacing throws where it is not the substituter's fault.
  bool repair_path(LocalStore& store, const PathInfo& registered, const std::stop_token& stop);

  Fetched fetched() const;  ///< so far
  /// Tells of a problem, once.
  void warn(const std::string& problem);

 private:
  class Together;
  class Counting;

  std::vector<Substituter> substituters_;  ///< by priority
  TrustedKeys keys_;
  unsigned jobs_;
  std::function<void(const std::string&)> warn_;
  mutable Mutex mutex_;
  Fetched fetched_ GUARDED_BY(mutex_);
  std::set<std::string> warned_ GUARDED_BY(mutex_);
  /// Did not answer: when.
  std::map<std::size_t, std::chrono::steady_clock::time_point> disabled_ GUARDED_BY(mutex_);
};

}  // namespace grange
