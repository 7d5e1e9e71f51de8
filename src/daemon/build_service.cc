#include "daemon/build_service.h"

#include <algorithm>
#include <utility>

#include "daemon/build_generation.h"

namespace grange {

class BuildService::Waiting final : public BuildService::Ticket {
 public:
  Waiting(BuildService& service, std::shared_ptr<Asked> asked)
      : service_(service), asked_(std::move(asked)) {}
  ~Waiting() override { service_.forget(asked_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  BuildService& service_;
  std::shared_ptr<Asked> asked_;
};

BuildService::BuildService(LocalStore& store, MakeBuilder make_builder, unsigned jobs,
                           std::function<void(Realisation&)> sign)
    : store_(store),
      make_builder_(std::move(make_builder)),
      jobs_(jobs),
      sign_(std::move(sign)),
      slots_(jobs) {}

BuildService::~BuildService() {
  std::list<std::shared_ptr<BuildGeneration>> last;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    last.swap(generations_);
  }
  for (const auto& generation : last) generation->stop();
}

std::unique_ptr<BuildService::Ticket> BuildService::ask(std::vector<BuildWish> wishes,
                                                        BuildTerms terms,
                                                        std::shared_ptr<BuildListener> listener) {
  auto asked = std::make_shared<Asked>();
  asked->wishes = std::move(wishes);
  asked->terms = std::move(terms);
  asked->listener = std::move(listener);
  asked->alone = asked->terms.policy.mode != BuildPolicy::Mode::normal;
  auto ticket = std::make_unique<Waiting>(*this, asked);
  admit(asked);
  return ticket;
}

void BuildService::admit(const std::shared_ptr<Asked>& asked) {
  const MutexLock lock(mutex_);
  reap();
  if (asked->gone) return;
  if (closing_) {
    std::vector<GrantedWish> granted(asked->wishes.size());
    for (auto& wish : granted) {
      wish.outcome = Outcome::aborted;
      wish.message = "the daemon is stopping";
    }
    asked->listener->ended(std::move(granted));
    return;
  }
  if (!asked->alone) {
    for (const auto& generation : generations_) {
      if (generation->suits(asked->terms) && generation->add(asked)) return;
    }
  }
  const auto generation = std::make_shared<BuildGeneration>(*this, asked->terms);
  generations_.push_back(generation);
  count_slots();
  generation->add(asked);
  if (asked->alone) generation->retire();
}

void BuildService::forget(const std::shared_ptr<Asked>& asked) {
  const MutexLock lock(mutex_);
  asked->gone = true;
  for (const auto& generation : generations_) generation->remove(asked);
}

void BuildService::reap() {
  std::erase_if(generations_, [](const auto& generation) { return generation->ended(); });
}

void BuildService::release_idle() {
  std::list<std::shared_ptr<BuildGeneration>> idle;
  {
    const MutexLock lock(mutex_);
    for (const auto& generation : generations_) {
      if (!generation->idle()) continue;
      generation->retire();
      idle.push_back(generation);
    }
    for (const auto& generation : idle) std::erase(generations_, generation);
  }
  // Each is destroyed here, which waits for its thread, and gives up its roots.
}

BuildResult BuildService::attempt(LocalStore& session, const BuildRequest& request,
                                  BuildObserver& observer, std::stop_token stop) {
  const auto count = [this](unsigned change) {
    const MutexLock lock(mutex_);
    beside_ += change;
    count_slots();
  };
  count(1);
  struct CountBack {
    const decltype(count)& count_one;
    ~CountBack() { count_one(-1U); }
  } const count_back{count};
  return SlottedBuilder(make_builder_(session), slots_).build(request, observer, std::move(stop));
}

void BuildService::lend(int attempts) {
  const MutexLock lock(mutex_);
  lent_ += static_cast<unsigned>(attempts);
  count_slots();
  for (const auto& generation : generations_) generation->wake();
}

void BuildService::count_slots() {
  const auto places = static_cast<unsigned>(generations_.size()) + beside_;
  slots_.set_extra(lent_ * std::max(1U, places));
}

}  // namespace grange
