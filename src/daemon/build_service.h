#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "build/builder.h"
#include "daemon/attempt_slots.h"
#include "store/fetch_observer.h"
#include "store/substituters.h"

namespace grange {

/// What one client asks of one derivation.
struct BuildWish {
  StorePath derivation;              ///< valid, with its whole closure
  std::vector<std::string> outputs;  ///< empty: all
};

/// What a wish came to.
struct GrantedWish {
  Outcome outcome = Outcome::unknown;
  std::string message;                   ///< what was wrong
  std::string log_tail;                  ///< of its own attempt, where that failed
  std::vector<StorePath> failed_inputs;  ///< for dependency_failed
  std::map<std::string, StorePath> outputs;
  std::map<std::string, Realisation> realisations;
  /// For not_deterministic: what was made again and differs, and where the other one is kept, or
  /// nothing.
  std::vector<std::pair<StorePath, std::string>> differing;
  bool made = false;  ///< an attempt made it since it was asked for
  TimePoint start{};  ///< of that attempt
  TimePoint stop{};
};

/// How it is to be made.
struct BuildTerms {
  BuildPolicy policy;
  StepLimits limits;
  bool keep_going = false;                     ///< false: the first failure ends all wishes
  bool may_build = true;                       ///< false: only what can be fetched
  bool fallback = false;                       ///< what could not be fetched is made
  bool optimise_additions = false;             ///< files of what is made share their content
  std::shared_ptr<Substituters> substituters;  ///< null: none
};

/// Hears of what its wishes need: from any thread, and must not block.
class BuildListener : public FetchObserver {
 public:
  virtual void attempt_started(const StorePath& derivation) = 0;
  virtual void attempt_finished(const StorePath& derivation, const BuildResult& result) = 0;
  virtual void log(const StorePath& derivation, std::string_view data) = 0;
  virtual void phase(const StorePath& derivation, std::string_view name) = 0;
  std::unique_ptr<Copy> copying(const StorePath& /*path*/, std::uint64_t /*nar_size*/,
                                const std::string& /*from*/) override {
    return nullptr;
  }
  void problem(const std::string& /*message*/) override {}
  /// In the order of the wishes; the last thing it hears.
  virtual void ended(std::vector<GrantedWish> granted) = 0;
};

class BuildGeneration;

/// Where the builds of all clients meet: equivalent work is done once, whoever asks, and what
/// nobody waits for any more is cancelled.
///
/// A *generation* is one plan with a graph that grows. It never asks again about what it has found
/// there, or seen fail; so who would meet a failure, or asks for what is made anew each time
/// (impure derivations, checks), begins the next one, and a generation without clients ends soon.
/// Between generations the locks of output paths keep anything from being made twice at once.
/// Thread safe.
class BuildService {
 public:
  /// A builder that writes to this session of the store.
  using MakeBuilder = std::function<std::unique_ptr<Builder>(LocalStore& session)>;

  /// `jobs`: attempts at once, over all clients, at least 1. `sign`: see RealiseOptions.
  BuildService(LocalStore& store, MakeBuilder make_builder, unsigned jobs,
               std::function<void(Realisation&)> sign = {});
  /// Cancels everything and waits. All tickets are gone by then.
  ~BuildService();
  BuildService(const BuildService&) = delete;
  BuildService& operator=(const BuildService&) = delete;

  /// Somebody waits for his wishes while it lives. What they came to is kept from garbage
  /// collectors so long.
  class Ticket {
   public:
    virtual ~Ticket() = default;
  };
  std::unique_ptr<Ticket> ask(std::vector<BuildWish> wishes, BuildTerms terms,
                              std::shared_ptr<BuildListener> listener);

  /// One attempt beside the plan, for what is in no graph: `request` as a Builder has it.
  BuildResult attempt(LocalStore& session, const BuildRequest& request, BuildObserver& observer,
                      std::stop_token stop);

  /// While it lives one attempt only waits for what its own builder has asked for (a nested build),
  /// and another one may run in its place: otherwise few slots, each with such an attempt in it,
  /// would wait for ever. It keeps its slot, so that its builder goes on at once; what it waits for
  /// may be behind attempts in other generations that wait for the locks of its outputs, so there
  /// is one more slot for each of those too.
  class Lending {
   public:
    explicit Lending(BuildService& service) : service_(service) { service_.lend(1); }
    ~Lending() { service_.lend(-1); }
    Lending(const Lending&) = delete;
    Lending& operator=(const Lending&) = delete;

   private:
    BuildService& service_;
  };

  /// A number that no other activity of this daemon has.
  std::uint64_t new_activity() { return kFirstActivity + activities_++; }

  /// Ends generations that nobody waits for, and gives up what they keep from collectors.
  void release_idle();

 private:
  friend class BuildGeneration;
  struct Asked;

  class Waiting;

  void admit(const std::shared_ptr<Asked>& asked) EXCLUDES(mutex_);
  void forget(const std::shared_ptr<Asked>& asked) EXCLUDES(mutex_);
  void reap() REQUIRES(mutex_);
  void lend(int attempts) EXCLUDES(mutex_);
  void count_slots() REQUIRES(mutex_);
  /// Attempts at once in one generation.
  unsigned jobs() const { return jobs_ + lent_; }

  static constexpr std::uint64_t kFirstActivity = std::uint64_t{0x6772} << 32;

  LocalStore& store_;
  std::atomic<std::uint64_t> activities_{0};
  const MakeBuilder make_builder_;
  const unsigned jobs_;
  const std::function<void(Realisation&)> sign_;
  AttemptSlots slots_;
  Mutex mutex_;
  std::list<std::shared_ptr<BuildGeneration>> generations_ GUARDED_BY(mutex_);  ///< oldest first
  bool closing_ GUARDED_BY(mutex_) = false;
  unsigned beside_ GUARDED_BY(mutex_) = 0;  ///< attempts that are in no plan
  std::atomic<unsigned> lent_{0};           ///< changed with the lock held
};

}  // namespace grange
