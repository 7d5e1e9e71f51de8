#include "store/substituters.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "store/copy.h"
#include "store/realisation_closure.h"
#include "store/repair.h"
#include "store/trust.h"

namespace grange {

/// All substituters as one store to copy from. It says what was chosen, and can be told that a
/// choice was bad. For one fetch.
class Substituters::Together final : public Store {
 public:
  explicit Together(Substituters& all, const StoreDir& store_dir)
      : all_(all), store_dir_(store_dir) {}

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
          chosen_.insert_or_assign(path, number);
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

  std::unique_ptr<NarStream> open_nar(const StorePath& path) override {
    return all_.substituters_[chosen(path)].store->open_nar(path);
  }

  /// The substituter that was chosen for this path is not asked for it again.
  void give_up_on(const StorePath& path, const std::string& why) {
    const auto number = chosen(path);
    all_.warn("'" + store_dir_.print(path) + "' could not be fetched from " +
              all_.substituters_[number].store->describe() + ": " + why);
    const MutexLock lock(mutex_);
    bad_.emplace(path, number);
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
  /// not asked again in this run.
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
        all_.warn("the substituter " + all_.substituters_[number].store->describe() +
                  " is not asked any more: " + error.what());
        const MutexLock lock(all_.mutex_);
        all_.disabled_.insert(number);
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
      return false;
    }
  }
  void check(const PathInfo& info, const std::string& from) const {
    check_trusted(store_dir_, info, {true, all_.keys_}, from);
  }
  void check(const Realisation& realisation, const std::string& from) const {
    check_trusted(realisation, {true, all_.keys_}, from);
  }

  bool is_disabled(std::size_t number) {
    const MutexLock lock(all_.mutex_);
    return all_.disabled_.contains(number);
  }
  bool is_bad(const StorePath& path, std::size_t number) {
    const MutexLock lock(mutex_);
    return bad_.contains({path, number});
  }
  std::size_t chosen(const StorePath& path) {
    const MutexLock lock(mutex_);
    const auto found = chosen_.find(path);
    if (found != chosen_.end()) return found->second;
    throw NotFoundError("no substituter has '" + store_dir_.print(path) + "'");
  }

  Substituters& all_;
  const StoreDir& store_dir_;
  Mutex mutex_;
  std::map<StorePath, std::size_t> chosen_ GUARDED_BY(mutex_);
  std::set<std::pair<StorePath, std::size_t>> bad_ GUARDED_BY(mutex_);
};

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

void Substituters::fetch_paths(LocalStore& to, const std::set<StorePath>& paths,
                               const std::stop_token& stop) {
  if (empty()) return;
  Together together(*this, to.store_dir());
  Counting counting(*this);
  CopyOptions options;
  options.jobs = jobs_;
  options.keep_going = true;
  // Each round in which something failed leaves fewer substituters for it.
  for (;;) {
    auto asked = paths;
    for (const auto& path : to.valid_among(paths)) asked.erase(path);
    if (asked.empty()) return;
    std::set<StorePath> available;
    for (const auto& [path, info] : together.path_infos(asked)) available.insert(path);
    if (available.empty()) return;
    const auto result = copy_closure(together, to, available, options, counting, stop);
    if (result.failed.empty()) return;
    for (const auto& [path, why] : result.failed) together.give_up_on(path, why);
  }
}

void Substituters::fetch_realisations(LocalStore& to, const std::set<DrvOutput>& ids,
                                      const std::stop_token& stop) {
  if (empty() || ids.empty()) return;
  Together together(*this, to.store_dir());
  auto closure = realisation_closure(together, ids, stop);
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
  fetch_paths(to, paths, stop);
  to.add_temporary_roots(paths);
  const auto valid = to.valid_among(paths);
  std::set<DrvOutput> dropped;
  std::vector<Realisation> fresh;
  for (auto& realisation : in_dependency_order(found)) {
    const bool whole =
        valid.contains(realisation.out_path) &&
        std::none_of(realisation.dependencies.begin(), realisation.dependencies.end(),
                     [&](const auto& dependency) { return dropped.contains(dependency.first); });
    if (!whole) {
      dropped.insert(realisation.id);
    } else if (!known.contains(realisation.id)) {
      fresh.push_back(std::move(realisation));
    }
  }
  if (fresh.empty()) return;
  const auto conflicts = to.register_realisations(fresh);
  const MutexLock lock(mutex_);
  fetched_.realisations += fresh.size() - conflicts.size();
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
