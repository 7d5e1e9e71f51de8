#include "serve/farm_granter.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "derivation/derivation_graph.h"
#include "store/local_store.h"

namespace grange {
namespace {

using GrantedWishes = std::vector<GrantedWish>;

std::vector<StorePath> derivations_of(const std::vector<BuildWish>& wishes) {
  std::vector<StorePath> paths;
  paths.reserve(wishes.size());
  for (const auto& wish : wishes) paths.push_back(wish.derivation);
  return paths;
}

/// Everything below is there, right, and the same each time that it is made.
bool has_place_in_plan(const DerivationGraph& graph) {
  for (DerivationIndex index = 0; index < graph.size(); ++index) {
    if (graph.state(index) != DerivationGraph::State::verified) return false;
    if (graph.kind(index) == DerivationKind::impure) return false;
  }
  return true;
}

}  // namespace

/// One client's wishes, and what the driver says of them.
class FarmGranter::Asked final : public WishListener {
 public:
  Asked(WishDriver& driver, std::vector<BuildWish> wishes, const DerivationGraph& graph,
        const BuildTerms& terms, std::shared_ptr<BuildListener> listener)
      : driver_(driver),
        keep_going_(terms.keep_going),
        tries_again_(!terms.client.restricted),
        listener_(std::move(listener)) {
    for (DerivationIndex index = 0; index < graph.size(); ++index) {
      recipes_.insert(graph.path(index));
      if (const auto set = graph.output_set(index)) sets_.insert(*set);
    }
    for (auto& wish : wishes) {
      const auto index = graph.find(wish.derivation).value();
      One one{std::move(wish), graph.output_set(index), graph.drv_output_hash(index)};
      one.number = driver_.new_wish();
      ones_.push_back(std::move(one));
    }
    const MutexLock lock(mutex_);
    open_ = ones_.size();
    granted_.resize(ones_.size());
    settled_.resize(ones_.size(), false);
  }

  std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> numbers;
    for (const auto& one : ones_) numbers.push_back(one.number);
    return numbers;
  }

  /// Nobody waits any more.
  void leave() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    listener_.reset();
  }

  bool needs(const std::optional<OutputSetId>& set, const StorePath& recipe) const override {
    return (set && sets_.contains(*set)) || recipes_.contains(recipe);
  }
  bool tries_again() const override { return tries_again_; }
  void attempt_started(const StorePath& recipe) override {
    if (const auto listener = present()) listener->attempt_started(recipe);
  }
  void attempt_finished(const std::optional<OutputSetId>& set, const StorePath& recipe,
                        const BuildResult& result) override {
    note(set, recipe, result);
    if (const auto listener = present()) listener->attempt_finished(recipe, result);
  }
  void failed_before(const std::optional<OutputSetId>& set, const StorePath& recipe,
                     const BuildResult& result) override {
    note(set, recipe, result);
  }
  void log(const StorePath& recipe, std::string_view data) override {
    if (const auto listener = present()) listener->log(recipe, data);
  }
  void phase(const StorePath& recipe, std::string_view name) override {
    if (const auto listener = present()) listener->phase(recipe, name);
  }
  void ended(std::int64_t wish, const Realised& realised,
             std::vector<StorePath> failed_inputs) override;

 private:
  struct One {
    BuildWish wish;
    std::optional<OutputSetId> set;
    std::optional<Sha256> hash;
    std::int64_t number = 0;
  };
  struct Noted {
    std::optional<OutputSetId> set;
    StorePath recipe;
    BuildResult result;
  };

  std::shared_ptr<BuildListener> present() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return listener_;
  }
  void note(const std::optional<OutputSetId>& set, const StorePath& recipe,
            const BuildResult& result) EXCLUDES(mutex_);
  GrantedWish grant(const One& one, const Realised& realised,
                    std::vector<StorePath> failed_inputs) const REQUIRES(mutex_);

  WishDriver& driver_;
  const bool keep_going_;
  const bool tries_again_;
  std::unordered_set<OutputSetId> sets_;
  std::set<StorePath> recipes_;
  std::vector<One> ones_;
  mutable Mutex mutex_;
  std::shared_ptr<BuildListener> listener_ GUARDED_BY(mutex_);
  std::vector<Noted> noted_ GUARDED_BY(mutex_);  ///< failures, and attempts at what is wished
  GrantedWishes granted_ GUARDED_BY(mutex_);
  std::vector<bool> settled_ GUARDED_BY(mutex_);
  std::size_t open_ GUARDED_BY(mutex_) = 0;  ///< not settled
};

/// Kept are what was wished itself, and the failures of what it needs.
void FarmGranter::Asked::note(const std::optional<OutputSetId>& set, const StorePath& recipe,
                              const BuildResult& result) {
  const bool own = std::any_of(ones_.begin(), ones_.end(), [&](const One& one) {
    return (set && one.set == set) || one.wish.derivation == recipe;
  });
  if (!own && result.good()) return;
  const MutexLock lock(mutex_);
  noted_.push_back({set, recipe, result});
}

GrantedWish FarmGranter::Asked::grant(const One& one, const Realised& realised,
                                      std::vector<StorePath> failed_inputs) const {
  GrantedWish granted;
  granted.outcome = realised.outcome;
  granted.message = realised.message;
  granted.outputs = realised.outputs;
  granted.realisations = realised.realisations;
  if (one.hash) {  // told by its id also where the store keeps no realisations
    for (const auto& [name, path] : granted.outputs) {
      granted.realisations.try_emplace(name, Realisation{{*one.hash, name}, path, {}});
    }
  }
  for (const auto& noted : noted_) {
    const bool own = (noted.set && noted.set == one.set) || noted.recipe == one.wish.derivation;
    const auto& result = noted.result;
    if (own && result.outcome == granted.outcome && !result.already_valid) {
      granted.made = result.good() && realised.made;
      granted.log_tail = result.good() ? std::string() : result.log_tail;
      granted.start = result.start;
      granted.stop = result.stop;
    } else if (granted.outcome == Outcome::dependency_failed && !own && !result.good() &&
               granted.log_tail.empty() &&
               std::find(failed_inputs.begin(), failed_inputs.end(), noted.recipe) !=
                   failed_inputs.end()) {
      granted.message = result.message;
      granted.log_tail = result.log_tail;
    }
  }
  granted.failed_inputs = std::move(failed_inputs);
  return granted;
}

void FarmGranter::Asked::ended(std::int64_t wish, const Realised& realised,
                               std::vector<StorePath> failed_inputs) {
  std::shared_ptr<BuildListener> told;
  GrantedWishes granted;
  std::vector<std::int64_t> given_up;
  {
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < ones_.size(); ++i) {
      if (ones_[i].number != wish || settled_[i]) continue;
      granted_[i] = grant(ones_[i], realised, failed_inputs);
      settled_[i] = true;
      --open_;
    }
    if (realised.outcome != Outcome::good && !keep_going_ && open_ > 0) {
      for (std::size_t i = 0; i < ones_.size(); ++i) {
        if (settled_[i]) continue;
        granted_[i].outcome = Outcome::aborted;
        granted_[i].message = "not made, because something else failed";
        settled_[i] = true;
        given_up.push_back(ones_[i].number);
      }
      open_ = 0;
    }
    if (open_ == 0) {
      told = std::exchange(listener_, nullptr);
      granted = granted_;
    }
  }
  if (!given_up.empty()) driver_.cancel(given_up);
  if (told) told->ended(std::move(granted));
}

class FarmGranter::Waiting final : public WishGranter::Ticket {
 public:
  Waiting(FarmGranter& granter, std::shared_ptr<Asked> asked, const ClientIdentity& client)
      : granter_(granter),
        asked_(std::move(asked)),
        evaluator_(client.restricted ? client.process : 0) {
    if (evaluator_ != 0) granter_.waits_.begin(evaluator_);
  }
  ~Waiting() override {
    const auto numbers = asked_->numbers();
    asked_->leave();
    granter_.driver_.cancel(numbers);  // those that have ended are none of it any more
    if (evaluator_ != 0) granter_.waits_.end(evaluator_);
    const MutexLock lock(granter_.mutex_);
    for (const auto number : numbers) granter_.open_.erase(number);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  FarmGranter& granter_;
  std::shared_ptr<Asked> asked_;
  const pid_t evaluator_;
};

FarmGranter::FarmGranter(WishDriver& driver, WishGranter& beside, LocalStore& store,
                         EvaluatorWaits& waits, const Clock& clock)
    : driver_(driver), beside_(beside), store_(store), waits_(waits), clock_(clock) {}

FarmGranter::~FarmGranter() = default;

std::unique_ptr<WishGranter::Ticket> FarmGranter::ask(std::vector<BuildWish> wishes,
                                                      BuildTerms terms,
                                                      std::shared_ptr<BuildListener> listener) {
  const auto leave_to_service = [&] {
    return beside_.ask(std::move(wishes), std::move(terms), std::move(listener));
  };
  if (terms.policy.mode != BuildPolicy::Mode::normal || !terms.may_build || wishes.empty()) {
    return leave_to_service();
  }
  const auto& location = store_.location();
  const auto graph = DerivationGraph::load(location.store_dir, derivations_of(wishes),
                                           directory_reader(location.real_store), {.threads = 1});
  if (!has_place_in_plan(graph)) return leave_to_service();

  const auto asked = std::make_shared<Asked>(driver_, wishes, graph, terms, listener);
  const auto numbers = asked->numbers();
  std::vector<QueuedBuild> queued;
  {
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < wishes.size(); ++i) {
      open_.emplace(numbers[i],
                    Open{numbers[i], wishes[i].derivation, terms.client.name, clock_.now()});
    }
  }
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    QueuedBuild one{numbers[i],
                    kSocketJobset,
                    std::string(wishes[i].derivation.derivation_name()),
                    wishes[i].derivation,
                    terms.limits,
                    0,
                    0,
                    {},
                    wishes[i].outputs,
                    asked};
    queued.push_back(std::move(one));
  }
  auto ticket = std::make_unique<Waiting>(*this, asked, terms.client);
  driver_.add(std::move(queued));
  return ticket;
}

std::vector<FarmGranter::Open> FarmGranter::open() const {
  const MutexLock lock(mutex_);
  std::vector<Open> all;
  for (const auto& [number, open] : open_) all.push_back(open);
  std::reverse(all.begin(), all.end());  // the first that was asked for comes first
  return all;
}

}  // namespace grange
