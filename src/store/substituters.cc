#include "store/substituters.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "store/copy.h"
#include "store/observed_nar.h"
#include "store/realisation_closure.h"
#include "store/repair.h"
#include "store/trust.h"

namespace grange {
namespace {

constexpr auto kDisabled = std::chrono::seconds(60);  // as with nix

}  // namespace

/// All substituters as one store to copy from. It says what was chosen, and can be told that a
/// choice was bad. For one fetch.
class Substituters::Together final : public Store {
 public:
  explicit Together(Substituters& all, const StoreDir& store_dir, FetchObserver* observer = nullptr)
      : all_(all), store_dir_(store_dir), observer_(observer) {}

  const StoreDir& store_dir() const override { return store_dir_; }
  std::string describe() const override { return "the substituters"; }
  unsigned transfers_at_once() const override {
    unsigned most = 0;
    for (const auto& one : all_.substituters_) {
      most = std::max(most, one.store->transfers_at_once());
    }
    return most;
  }

  std::set<StorePath> valid_among(const std::set<StorePath>& paths) override {
    std::set<StorePath> valid;
    for (const auto& [path, info] : path_infos(paths)) valid.insert(valid.end(), path);
    return valid;
  }

  std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths) override {
    std::map<StorePath, PathInfo> infos;
    ask_each(paths, infos, [&](std::size_t number, const std::set<StorePath>& asked) {
      std::map<StorePath, PathInfo> found;
      for (auto& [path, info] : all_.substituters_[number].store->path_infos(asked)) {
        if (is_bad(path, number) || !is_trusted(number, info)) continue;
        {
          const MutexLock lock(mutex_);
          chosen_.insert_or_assign(path, Choice{number, info.nar_size});
        }
        found.emplace(path, std::move(info));
      }
      return found;
    });
    return infos;
  }

  std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>& ids) override {
    std::map<DrvOutput, Realisation> found;
    ask_each(ids, found, [&](std::size_t number, const std::set<DrvOutput>& asked) {
      auto answers = all_.substituters_[number].store->realisations(asked);
      std::erase_if(answers,
                    [&](const auto& answer) { return !is_trusted(number, answer.second); });
      return answers;
    });
    return found;
  }

  std::map<BuildTraceKey, BuildTraceEntry> build_trace(
      const std::set<BuildTraceKey>& keys) override {
    std::map<BuildTraceKey, BuildTraceEntry> found;
    ask_each(keys, found, [&](std::size_t number, const std::set<BuildTraceKey>& asked) {
      auto answers = all_.substituters_[number].store->build_trace(asked);
      std::erase_if(answers,
                    [&](const auto& answer) { return !is_trusted(number, answer.second); });
      return answers;
    });
    return found;
  }

  std::unique_ptr<NarStream> open_nar(const StorePath& path) override {
    const auto [number, nar_size] = chosen(path);
    auto& from = *all_.substituters_[number].store;
    std::unique_ptr<NarStream> nar;
    try {
      nar = from.open_nar(path);
    } catch (const NotFoundError&) {
      const MutexLock lock(mutex_);
      gone_.emplace(path, number);
      throw;
    }
    if (observer_ == nullptr) return nar;
    std::shared_ptr<FetchObserver::Copy> copy = observer_->copying(path, nar_size, from.describe());
    if (!copy) return nar;
    return observed_nar(std::move(nar),
                        [copy = std::move(copy)](std::uint64_t bytes) { copy->moved(bytes); });
  }

  /// The substituter that was chosen for this path is not asked for it again. What is there no
  /// longer is as if it never was.
  void give_up_on(const StorePath& path, const std::string& why) {
    const auto number = chosen(path).number;
    const auto problem = "'" + store_dir_.print(path) + "' could not be fetched from " +
                         all_.substituters_[number].store->describe() + ": " + why;
    all_.warn(problem);
    tell(problem);
    const MutexLock lock(mutex_);
    bad_.emplace(path, number);
    if (gone_.contains({path, number})) return;
    failed_.insert_or_assign(path, problem);
  }

  /// What could not be fetched from somebody who has it, and why; perhaps another had it, too.
  std::map<StorePath, std::string> failed() {
    const MutexLock lock(mutex_);
    return failed_;
  }

  // Nothing is ever written to it.
  void add(const PathInfo&, NarStream&) override { GRANGE_CHECK(false); }
  std::vector<RealisationConflict> register_realisations(const std::vector<Realisation>&) override {
    GRANGE_CHECK(false);
  }
  std::size_t add_signatures(const StorePath&, const std::vector<std::string>&) override {
    GRANGE_CHECK(false);
  }
  std::optional<std::string> read_log(const StorePath&) override { return std::nullopt; }
  void write_log(const StorePath&, std::string_view) override { GRANGE_CHECK(false); }

 private:
  /// Asks one after the other for what the ones before did not have. One that does not answer is
  /// not asked again for a while: some processes live long.
  template <typename Key, typename Value, typename Ask>
  void ask_each(const std::set<Key>& keys, std::map<Key, Value>& found, const Ask& ask) {
    std::set<Key> asked = keys;
    for (std::size_t number = 0; number < all_.substituters_.size() && !asked.empty(); ++number) {
      if (is_disabled(number)) continue;
      try {
        for (auto& [key, value] : ask(number, asked)) {
          asked.erase(key);
          found.emplace(key, std::move(value));
        }
      } catch (const Error& error) {
        const auto problem = "the substituter " + all_.substituters_[number].store->describe() +
                             " is not asked for a minute: " + error.what();
        all_.warn(problem);
        tell(problem);
        const MutexLock lock(all_.mutex_);
        all_.disabled_.insert_or_assign(number, std::chrono::steady_clock::now());
      }
    }
  }

  template <typename Statement>
  bool is_trusted(std::size_t number, const Statement& statement) {
    const auto& substituter = all_.substituters_[number];
    if (substituter.trusted) return true;
    try {
      check(statement, substituter.store->describe());
      return true;
    } catch (const DeniedError& error) {
      all_.warn(error.message());
      tell("the substitute for '" + name_of(statement) + "' from '" +
           substituter.store->describe() +
           "' is not signed by any of the keys in 'trusted-public-keys'");
      return false;
    }
  }
  std::string name_of(const PathInfo& info) const { return store_dir_.print(info.path); }
  static std::string name_of(const Realisation& realisation) { return realisation.id.to_string(); }
  static std::string name_of(const BuildTraceEntry& entry) {
    return entry.key.derivation.base_name() + "^" + entry.key.output;
  }
  /// Whoever asked hears of each thing once.
  void tell(const std::string& problem) {
    if (observer_ == nullptr) return;
    {
      const MutexLock lock(mutex_);
      if (!told_.insert(problem).second) return;
    }
    observer_->problem(problem);
  }
  void check(const PathInfo& info, const std::string& from) const {
    check_trusted(store_dir_, info, {true, all_.keys_}, from);
  }
  void check(const BuildTraceEntry& entry, const std::string& from) const {
    check_trusted(entry, {true, all_.keys_}, from);
  }
  void check(const Realisation& realisation, const std::string& from) const {
    check_trusted(realisation, {true, all_.keys_}, from);
  }

  bool is_disabled(std::size_t number) {
    const MutexLock lock(all_.mutex_);
    const auto found = all_.disabled_.find(number);
    return found != all_.disabled_.end() &&
           std::chrono::steady_clock::now() - found->second < kDisabled;
  }
  bool is_bad(const StorePath& path, std::size_t number) {
    const MutexLock lock(mutex_);
    return bad_.contains({path, number});
  }
  struct Choice {
    std::size_t number;
    std::uint64_t nar_size;
  };
  Choice chosen(const StorePath& path) {
    const MutexLock lock(mutex_);
    const auto found = chosen_.find(path);
    if (found != chosen_.end()) return found->second;
    throw NotFoundError("no substituter has '" + store_dir_.print(path) + "'");
  }

  Substituters& all_;
  const StoreDir& store_dir_;
  Mutex mutex_;
  FetchObserver* const observer_;
  std::map<StorePath, Choice> chosen_ GUARDED_BY(mutex_);
  std::set<std::pair<StorePath, std::size_t>> bad_ GUARDED_BY(mutex_);
  std::set<std::pair<StorePath, std::size_t>> gone_ GUARDED_BY(mutex_);
  std::map<StorePath, std::string> failed_ GUARDED_BY(mutex_);
  std::set<std::string> told_ GUARDED_BY(mutex_);
};

namespace {

/// Which of `asked` are not valid in `to` because something in their closure failed, and what.
std::map<StorePath, std::string> failed_closures(Store& from, LocalStore& to,
                                                 const std::set<StorePath>& asked,
                                                 const std::map<StorePath, std::string>& failed) {
  std::map<StorePath, std::string> why;
  if (failed.empty()) return why;
  std::map<StorePath, std::vector<StorePath>> referrers;
  std::vector<StorePath> pending;
  std::set<StorePath> seen = asked;
  std::set<StorePath> layer = asked;
  while (!layer.empty()) {
    for (const auto& path : to.valid_among(layer)) layer.erase(path);
    for (const auto& path : layer) {
      const auto found = failed.find(path);
      if (found != failed.end() && why.emplace(*found).second) pending.push_back(path);
    }
    std::set<StorePath> next;
    for (const auto& [path, info] : from.path_infos(layer)) {
      for (const auto& reference : info.references) {
        if (reference != path) referrers[reference].push_back(path);
        if (seen.insert(reference).second) next.insert(reference);
      }
    }
    layer = std::move(next);
  }
  while (!pending.empty()) {
    const auto path = std::move(pending.back());
    pending.pop_back();
    for (const auto& referrer : referrers[path]) {
      if (why.emplace(referrer, why.at(path)).second) pending.push_back(referrer);
    }
  }
  std::erase_if(why, [&](const auto& entry) { return !asked.contains(entry.first); });
  return why;
}

/// Adds what is missing and known in the newer form, which knows of no dependencies.
void add_traced(Store& from, const Substituters::TraceKeys& keys, RealisationClosure& closure) {
  std::set<BuildTraceKey> asked;
  for (const auto& [id, key] : keys) {
    if (closure.missing.contains(id)) asked.insert(key);
  }
  if (asked.empty()) return;
  const auto found = from.build_trace(asked);
  for (const auto& [id, key] : keys) {
    const auto entry = found.find(key);
    if (entry == found.end() || closure.missing.erase(id) == 0) continue;
    closure.realisations.emplace(id, Realisation{id, entry->second.out_path, {}, {}});
  }
}

/// Nothing where nothing failed for it, or for what it depends on.
std::optional<std::string> why_dropped(const Realisation& realisation,
                                       const std::map<StorePath, std::string>& failed_paths,
                                       const std::map<DrvOutput, std::string>& failed) {
  const auto path = failed_paths.find(realisation.out_path);
  if (path != failed_paths.end()) return path->second;
  for (const auto& [id, out_path] : realisation.dependencies) {
    const auto found = failed.find(id);
    if (found != failed.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace

class Substituters::Counting final : public CopyObserver {
 public:
  explicit Counting(Substituters& all) : all_(all) {}
  void planned(std::size_t, std::uint64_t) override {}
  void moved(std::uint64_t) override {}
  void copied(const PathInfo& info) override {
    const MutexLock lock(all_.mutex_);
    ++all_.fetched_.paths;
    all_.fetched_.bytes += info.nar_size;
  }

 private:
  Substituters& all_;
};

Substituters::Substituters(std::vector<Substituter> substituters, TrustedKeys keys, unsigned jobs,
                           std::function<void(const std::string&)> warn)
    : substituters_(std::move(substituters)),
      keys_(std::move(keys)),
      jobs_(jobs),
      warn_(std::move(warn)) {
  std::stable_sort(
      substituters_.begin(), substituters_.end(),
      [](const Substituter& a, const Substituter& b) { return a.priority < b.priority; });
}

std::map<StorePath, std::string> Substituters::fetch_paths(LocalStore& to,
                                                           const std::set<StorePath>& paths,
                                                           const std::stop_token& stop,
                                                           FetchObserver* observer) {
  if (empty()) return {};
  Together together(*this, to.store_dir(), observer);
  Counting counting(*this);
  CopyOptions options;
  options.jobs = jobs_;
  options.keep_going = true;
  // Each round in which something failed leaves fewer substituters for it.
  for (;;) {
    auto asked = paths;
    for (const auto& path : to.valid_among(paths)) asked.erase(path);
    if (asked.empty()) return {};
    std::set<StorePath> available;
    for (const auto& [path, info] : together.path_infos(asked)) available.insert(path);
    std::map<StorePath, std::string> failed;
    if (!available.empty()) {
      failed = copy_closure(together, to, available, options, counting, stop).failed;
    }
    if (failed.empty()) return failed_closures(together, to, asked, together.failed());
    for (const auto& [path, why] : failed) together.give_up_on(path, why);
  }
}

std::map<DrvOutput, std::string> Substituters::fetch_realisations(LocalStore& to,
                                                                  const std::set<DrvOutput>& ids,
                                                                  const TraceKeys& trace_keys,
                                                                  const std::stop_token& stop,
                                                                  FetchObserver* observer) {
  if (empty() || ids.empty()) return {};
  Together together(*this, to.store_dir(), observer);
  auto closure = realisation_closure(together, ids, stop);
  add_traced(together, trace_keys, closure);
  auto& found = closure.realisations;
  std::set<DrvOutput> known_ids;
  for (const auto& [id, realisation] : found) known_ids.insert(id);
  const auto known = to.realisations(known_ids);
  // Leaves out what is not whole: what depends on something that nobody has, or that was realised
  // in another way here.
  for (bool again = true; again;) {
    again =
        std::erase_if(found, [&](const auto& entry) {
          const auto& realisation = entry.second;
          const auto here = known.find(entry.first);
          if (here != known.end() && here->second.out_path != realisation.out_path) return true;
          return std::any_of(realisation.dependencies.begin(), realisation.dependencies.end(),
                             [&](const auto& dependency) {
                               const auto of = found.find(dependency.first);
                               return of == found.end() || of->second.out_path != dependency.second;
                             });
        }) > 0;
  }
  std::set<StorePath> paths;
  for (const auto& [id, realisation] : found) paths.insert(realisation.out_path);
  const auto failed_paths = fetch_paths(to, paths, stop, observer);
  to.add_temporary_roots(paths);
  const auto valid = to.valid_among(paths);
  std::set<DrvOutput> dropped;
  std::map<DrvOutput, std::string> failed;
  std::vector<Realisation> fresh;
  for (auto& realisation : in_dependency_order(found)) {
    const bool whole =
        valid.contains(realisation.out_path) &&
        std::none_of(realisation.dependencies.begin(), realisation.dependencies.end(),
                     [&](const auto& dependency) { return dropped.contains(dependency.first); });
    if (!whole) {
      dropped.insert(realisation.id);
      if (auto why = why_dropped(realisation, failed_paths, failed)) {
        failed.emplace(realisation.id, *std::move(why));
      }
    } else if (!known.contains(realisation.id)) {
      fresh.push_back(std::move(realisation));
    }
  }
  std::erase_if(failed, [&](const auto& entry) { return !ids.contains(entry.first); });
  if (fresh.empty()) return failed;
  const auto conflicts = to.register_realisations(fresh);
  const MutexLock lock(mutex_);
  fetched_.realisations += fresh.size() - conflicts.size();
  return failed;
}

bool Substituters::repair_path(LocalStore& store, const PathInfo& registered,
                               const std::stop_token& stop) {
  if (empty()) return false;
  const auto& path = registered.path;
  Together together(*this, store.store_dir());
  for (;;) {
    const auto infos = together.path_infos({path});
    const auto found = infos.find(path);
    if (found == infos.end()) return false;
    try {
      const Hash& there = found->second.nar_hash;
      if (there != registered.nar_hash) {
        throw CorruptError("it has other content there: specified " +
                           registered.nar_hash.to_string(HashFormat::sri) + ", got " +
                           there.to_string(HashFormat::sri));
      }
      together.open_nar(path)->read_with(
          [&](Source& nar) { replace_object(store, registered, nar, stop); });
    } catch (const CancelledError&) {
      throw;
    } catch (const SystemError&) {
      throw;
    } catch (const Error& error) {
      together.give_up_on(path, error.message());
      continue;
    }
    Counting(*this).copied(registered);
    return true;
  }
}

Substituters::Fetched Substituters::fetched() const {
  const MutexLock lock(mutex_);
  return fetched_;
}

void Substituters::warn(const std::string& problem) {
  {
    const MutexLock lock(mutex_);
    if (!warned_.insert(problem).second) return;
  }
  if (warn_) warn_(problem);
}

}  // namespace grange
