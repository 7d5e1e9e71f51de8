#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "build/builder.h"
#include "daemon/client_identity.h"
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
  ClientIdentity client{};                     ///< who asks
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

/// Who has made what a daemon's clients wish for. Thread safe.
class WishGranter {
 public:
  virtual ~WishGranter() = default;

  /// Somebody waits for his wishes while it lives. What they came to is kept from garbage
  /// collectors so long.
  class Ticket {
   public:
    virtual ~Ticket() = default;
  };
  virtual std::unique_ptr<Ticket> ask(std::vector<BuildWish> wishes, BuildTerms terms,
                                      std::shared_ptr<BuildListener> listener) = 0;

  /// One attempt beside the plan, for what is in no graph: `request` as a Builder has it.
  virtual BuildResult attempt(LocalStore& session, const BuildRequest& request,
                              BuildObserver& observer, std::stop_token stop) = 0;

  /// Gives up what is kept from collectors and that nobody waits for any more.
  virtual void release_idle() = 0;

  /// While it lives one attempt only waits for what its own builder has asked for (a nested build),
  /// and another one may run in its place: otherwise few slots, each with such an attempt in it,
  /// would wait for ever. It keeps its slot, so that its builder goes on at once; what it waits for
  /// may be behind attempts in other generations that wait for the locks of its outputs, so there
  /// is one more slot for each of those too.
  class Lending {
   public:
    explicit Lending(WishGranter& granter) : granter_(granter) { granter_.lend(1); }
    ~Lending() { granter_.lend(-1); }
    Lending(const Lending&) = delete;
    Lending& operator=(const Lending&) = delete;

   private:
    WishGranter& granter_;
  };

  /// A number that no other activity of this daemon has.
  std::uint64_t new_activity() { return kFirstActivity + activities_++; }

 private:
  /// So many more attempts only wait (or fewer).
  virtual void lend(int attempts) = 0;

  static constexpr std::uint64_t kFirstActivity = std::uint64_t{0x6772} << 32;
  std::atomic<std::uint64_t> activities_{0};
};

}  // namespace grange
