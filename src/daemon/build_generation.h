#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/thread_annotations.h"
#include "build/realise_engine.h"
#include "daemon/build_service.h"
#include "daemon/fetch_audience.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// One client's wishes in one generation.
struct BuildService::Asked {
  std::vector<BuildWish> wishes;
  BuildTerms terms;
  std::shared_ptr<BuildListener> listener;
  bool alone = false;  ///< what it asks for is never shared
  bool gone = false;   ///< nobody waits any more; guarded by the service's lock

  // Of the generation's thread from here on.
  std::vector<std::size_t> requests{};  ///< by wish
  std::vector<bool> needs{};            ///< by promise (see BuildGeneration): in its closure
  std::vector<GrantedWish> granted{};   ///< by wish
  std::vector<bool> settled{};          ///< by wish
  std::map<std::uint32_t, std::pair<TimePoint, TimePoint>> made{};  ///< since, by promise: when
  std::size_t open = 0;                                             ///< wishes that are not settled
};

/// See BuildService. Everything but the inbox belongs to its own thread.
class BuildGeneration final : public RealiseObserver {
 public:
  using Asked = BuildService::Asked;

  /// Its thread starts at once, and ends when nobody has waited for anything for a while.
  BuildGeneration(BuildService& service, const BuildTerms& terms);
  ~BuildGeneration() override;

  /// Would these terms be met here? The policy and limits may differ.
  bool suits(const BuildTerms& terms) const;
  /// False when it takes no more.
  bool add(std::shared_ptr<Asked> asked) EXCLUDES(mutex_);
  void remove(const std::shared_ptr<Asked>& asked) EXCLUDES(mutex_);
  /// Something changed that its next round looks at.
  void wake() EXCLUDES(mutex_);
  /// Takes nothing more, and ends once nobody waits.
  void retire() EXCLUDES(mutex_);
  bool ended() const EXCLUDES(mutex_);
  /// Does anybody wait here?
  bool idle() const EXCLUDES(mutex_);
  /// Cancels everything.
  void stop() { stop_.request_stop(); }
  void join() { thread_.join(); }

 private:
  // RealiseObserver
  void attempt_started(DerivationIndex recipe) override;
  void attempt_finished(DerivationIndex recipe, const BuildResult& result) override;
  void log(DerivationIndex recipe, std::string_view data) override;
  void phase(DerivationIndex recipe, std::string_view name) override;
  void want_finished(std::size_t request, const Plan::Finished& finished) override;
  void progress(const Plan::Counts&) override {}
  std::shared_ptr<FetchObserver> fetching(const std::set<DerivationIndex>& recipes) override;
  void not_fetched(DerivationIndex recipe, const BuildResult& result) override;

  void run();
  void serve();
  void take_inbox() EXCLUDES(mutex_);
  /// True when it is to end.
  bool rest() EXCLUDES(mutex_);
  void admit(const std::shared_ptr<Asked>& asked);
  void extend(const Asked& asked);
  enum class Fit { good, alone, elsewhere };
  Fit fit(const Asked& asked) const;
  void note_promises();
  std::vector<bool> closure(const std::vector<StorePath>& roots) const;
  bool listens(const Asked& asked, DerivationIndex recipe) const;
  void release(const std::shared_ptr<Asked>& asked) EXCLUDES(audience_mutex_);
  void settle();
  void settle(Asked& asked, std::size_t wish, GrantedWish granted);
  GrantedWish grant(const Asked& asked, std::size_t wish, std::size_t request) const;
  void add_ids(GrantedWish& granted, DerivationIndex derivation) const;
  std::vector<std::pair<StorePath, std::string>> differing(DerivationIndex derivation,
                                                           const BuildResult& result) const;
  void give_up_after(Asked& asked, DerivationIndex failed);
  void fail_all(const std::string& why) EXCLUDES(mutex_);

  BuildService& service_;
  const std::shared_ptr<Substituters> substituters_;
  const bool may_build_;
  const bool fallback_;
  const bool optimise_additions_;
  std::unique_ptr<LocalStore> session_;
  std::unique_ptr<Builder> builder_;
  DerivationReader reader_;
  RealiseOptions options_;
  std::optional<DerivationGraph> graph_;
  std::optional<RealiseEngine> engine_;
  /// By derivation: a number for each promise (output set), so that recipes of one are one.
  std::vector<std::uint32_t> promises_;
  std::unordered_map<OutputSetId, std::uint32_t> promise_numbers_;
  std::uint32_t promise_count_ = 0;
  std::vector<std::uint32_t> recipes_of_;  ///< by promise: how many are known
  std::vector<std::shared_ptr<Asked>> asked_;
  std::vector<std::size_t> finished_;  ///< requests, not settled yet
  std::map<std::size_t, std::pair<std::shared_ptr<Asked>, std::size_t>> by_request_;
  std::map<std::uint32_t, BuildResult> failures_;  ///< by promise, the last one
  /// Who wants to hear of nothing after this failure.
  std::vector<std::pair<std::shared_ptr<Asked>, DerivationIndex>> giving_up_;

  /// Who hears of a running attempt, and of which derivation.
  struct Audience {
    StorePath derivation;
    std::vector<std::shared_ptr<Asked>> listeners;
  };
  void join(FetchAudience& audience, const std::shared_ptr<Asked>& asked) const;
  std::vector<std::weak_ptr<FetchAudience>> fetches_;  ///< on their way, perhaps
  Mutex audience_mutex_;
  std::map<DerivationIndex, Audience> audiences_ GUARDED_BY(audience_mutex_);

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::shared_ptr<Asked>> to_add_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Asked>> to_remove_ GUARDED_BY(mutex_);
  std::set<const Asked*> members_ GUARDED_BY(mutex_);  ///< added and not removed
  bool retired_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  RealiseEngine* awake_ GUARDED_BY(mutex_) = nullptr;  ///< whom to wake
  std::stop_source stop_;
  std::jthread thread_;  ///< last
};

}  // namespace grange
