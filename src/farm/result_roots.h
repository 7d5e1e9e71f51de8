#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/thread_annotations.h"
#include "farm/farm_database.h"
#include "store/local_store.h"
#include "store/path_roots.h"

namespace grange {

/// What collections beside a farm must spare, also while it is stopped, as permanent roots: in the
/// destination store a set of results for each jobset and one for builds that are marked to be
/// kept, in the eval store a set of derivations for each jobset (record/kept_results.h says which).
/// What is needed becomes a root before the record says so; what is not needed any more is taken
/// off later, by a thread of its own. Thread safe.
class ResultRoots {
 public:
  struct Options {
    std::filesystem::path state;  ///< of the farm, by which its roots are told from those of others
    StoreLocation eval_store;
    bool sync = false;  ///< roots outlast a power cut
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };
  /// What was made a root stays one at least until this is gone: until what needs it is recorded.
  using Hold = std::shared_ptr<const void>;

  /// Begins with looking at all jobsets, on its thread.
  ResultRoots(FarmDatabase& database, LocalStore& store, Options options);
  ~ResultRoots();
  ResultRoots(const ResultRoots&) = delete;
  ResultRoots& operator=(const ResultRoots&) = delete;

  /// Outputs of builds of a jobset, which are valid and have temporary roots.
  [[nodiscard]] Hold hold_results(std::int64_t jobset, const std::set<StorePath>& outputs);
  /// Those of a build that is to be kept, as far as they are there.
  [[nodiscard]] Hold hold_kept(const std::set<StorePath>& outputs);
  [[nodiscard]] Hold hold_derivations(std::int64_t jobset, const std::set<StorePath>& derivations);

  /// What must stay of this jobset may have changed: evaluated, changed, deleted.
  void look_at(std::int64_t jobset) EXCLUDES(mutex_);
  /// Builds of these have ended: looked at once there are no more.
  void builds_ended(const std::set<std::int64_t>& jobsets) EXCLUDES(mutex_);
  /// Builds are marked to be kept, or not any more.
  void look_at_kept() EXCLUDES(mutex_);

 private:
  struct Place {
    bool derivations = false;
    std::string set;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Wishes {
    bool all = false;
    bool kept = false;
    std::set<std::int64_t> jobsets;  ///< in any case
    std::set<std::int64_t> ended;    ///< where nothing is queued any more
    bool none() const { return !all && !kept && jobsets.empty() && ended.empty(); }
    void add(const Wishes& more);
  };

  PathRoots roots_at(const Place& place) const;
  Hold hold(Place place, const std::set<StorePath>& paths) EXCLUDES(mutex_);
  void wish(const Wishes& wishes) EXCLUDES(mutex_);
  void run(const std::stop_token& stop) EXCLUDES(mutex_);
  void serve(const Wishes& wishes);
  void look_at_jobset(std::int64_t jobset, bool only_without_queue);
  std::set<std::int64_t> all_jobsets();
  /// Lets the set hold what `keep` gives and no more, but for what is held.
  void tidy(const Place& place, const std::function<std::set<StorePath>(Database&)>& keep)
      EXCLUDES(mutex_);
  std::set<StorePath> present(const Place& place, const std::set<StorePath>& paths);

  FarmDatabase& database_;
  LocalStore& store_;
  const Options options_;
  const std::string group_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  Wishes wishes_ GUARDED_BY(mutex_);
  std::uint64_t last_hold_ GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::pair<Place, std::set<StorePath>>> held_ GUARDED_BY(mutex_);
  std::optional<Place> tidied_ GUARDED_BY(mutex_);
  std::set<StorePath> held_since_ GUARDED_BY(mutex_);  ///< at `tidied_`, since that began
  std::jthread thread_;                                ///< last
};

}  // namespace grange
