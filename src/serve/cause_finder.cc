#include "serve/cause_finder.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "record/derivations.h"
#include "record/evaluation_snapshot.h"
#include "store/first_reader.h"
#include "store/local_store.h"

namespace grange {
namespace {

constexpr std::size_t kMost = 16;
constexpr std::size_t kMostWaiting = 8;

using Paths = std::unordered_map<std::int64_t, StorePath>;

std::vector<SnapshotTarget> targets_of(Database& database, std::int64_t id) {
  const auto evaluation = EvaluationHistory(database).find(id);
  if (!evaluation) throw NotFoundError("evaluation " + std::to_string(id) + " is gone");
  return read_snapshot(database, *evaluation);
}

void add_paths(Database& database, const std::vector<SnapshotTarget>& targets, Paths& paths) {
  std::vector<std::int64_t> ids;
  ids.reserve(targets.size());
  for (const auto& target : targets) ids.push_back(target.derivation);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (const auto& row : Derivations(database).find(ids)) paths.emplace(row.id, row.path);
}

TargetMap map_of(const std::vector<SnapshotTarget>& targets, const Paths& paths,
                 const StoreDir& store) {
  TargetMap map;
  map.store_dir = store;
  map.complete = true;
  for (const auto& target : targets) {
    const auto path = paths.find(target.derivation);
    if (path == paths.end()) {
      throw CorruptError("the derivation of '" + target.label + "' is not recorded");
    }
    map.targets.emplace(
        target.label,
        Target{{}, path->second, target.name, target.system, {}, std::nullopt, Outcome::unknown});
  }
  return map;
}

/// Reads recorded texts; for one thread at a time.
class RecordedTexts {
 public:
  explicit RecordedTexts(Database& database) : derivations_(database) {}

  bool read(const StorePath& path, std::string& text) {
    const MutexLock lock(mutex_);
    const auto row = derivations_.find(path);
    if (!row) return false;
    text = derivations_.text(row->id);
    return true;
  }

 private:
  Mutex mutex_;
  Derivations derivations_ GUARDED_BY(mutex_);
};

}  // namespace

CauseFinder::~CauseFinder() = default;

std::shared_ptr<const CauseAnswer> CauseFinder::ask(std::int64_t head, std::int64_t base) {
  const Pair pair(head, base);
  const MutexLock lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.pair == pair; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front().answer;
  }
  const auto waiting = std::count_if(entries_.begin(), entries_.end(),
                                     [&](const Entry& entry) { return entry.answer == working_; });
  if (std::cmp_greater_equal(waiting, kMostWaiting)) {
    throw UnavailableError("the causes of other evaluations are being worked out; ask again later");
  }
  entries_.push_front({pair, working_});
  while (entries_.size() > kMost) {
    const auto oldest = std::find_if(entries_.rbegin(), entries_.rend(),
                                     [&](const Entry& entry) { return entry.answer != working_; });
    entries_.erase(std::next(oldest).base());
  }
  if (!thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  changed_.notify_one();
  return working_;
}

void CauseFinder::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Pair pair;
    {
      MutexLock lock(mutex_);
      // The one that has waited longest.
      const auto next = [&]() REQUIRES(mutex_) {
        return std::find_if(entries_.rbegin(), entries_.rend(),
                            [&](const Entry& entry) { return entry.answer == working_; });
      };
      const bool found =
          changed_.wait(mutex_, stop, [&]() REQUIRES(mutex_) { return next() != entries_.rend(); });
      if (!found) return;
      pair = next()->pair;
    }
    auto answer = find(pair, stop);
    const MutexLock lock(mutex_);
    for (auto& entry : entries_) {
      if (entry.pair == pair) entry.answer = answer;
    }
  }
}

std::shared_ptr<const CauseAnswer> CauseFinder::find(Pair pair, const std::stop_token& stop) {
  auto answer = std::make_shared<CauseAnswer>();
  try {
    const auto& config = farm_.workshop().config();
    const auto& store = config.store_dir;
    // Those of evaluations that are kept are files, which are read ten times as fast.
    const auto files =
        directory_reader(StoreLocation::at_root(config.eval_store_root, store).real_store);
    farm_.database().read([&](Database& database) {
      Paths paths;
      const auto head_targets = targets_of(database, pair.first);
      const auto base_targets = targets_of(database, pair.second);
      add_paths(database, head_targets, paths);
      add_paths(database, base_targets, paths);
      const auto head = map_of(head_targets, paths, store);
      const auto base = map_of(base_targets, paths, store);
      RecordedTexts texts(database);
      const auto read = first_reader(
          files, [&](const StorePath& path, std::string& text) { return texts.read(path, text); });
      GraphOptions options;
      options.threads = 1;
      options.stop = stop;
      const auto graph =
          DerivationGraph::load(store, derivations_to_explain(base, head), read, options);
      answer->comparison = compare_targets(base, head, graph, read);
      answer->explanation = explain(graph, Changes::find(base, head, graph, read), head);
      return 0;
    });
    answer->state = CauseAnswer::State::known;
  } catch (const std::exception& error) {
    answer->state = CauseAnswer::State::failed;
    answer->problem = error.what();
  }
  return answer;
}

}  // namespace grange
