#include <algorithm>
#include <memory>
#include <utility>

#include "farm/build_driver.h"

namespace grange {
namespace {

constexpr std::chrono::seconds kOrderLasts{1};
constexpr std::chrono::milliseconds kOrderPatience{30};

std::string words_of(std::size_t before) {
  if (before == 0) return "waits for a slot, and is the next";
  return "waits for a slot; " + std::to_string(before) +
         (before == 1 ? " step goes before it" : " steps go before it");
}

}  // namespace

const BuildDriver::Order& BuildDriver::order() {
  const auto now = steady_now();
  if (order_ && now - order_->when < kOrderLasts) return *order_;
  std::vector<FairReady::Busy> busy;
  {
    const MutexLock lock(mutex_);
    for (const auto& [recipe, running] : running_) {
      const auto machine = ready_->machine_of(running.plan_step);
      if (!machine) continue;
      const Seconds expected(recipe < foreseen_.size() ? foreseen_[recipe].seconds : 0);
      const auto left = expected - Seconds(now - running.began);
      // Of what takes longer than expected nobody knows how long.
      busy.push_back({*machine, left > Seconds(0) ? std::optional(left) : std::nullopt});
    }
  }
  Order order{now, ready_->order(busy, QueuedPlace::kMostPlaces), {}};
  for (std::size_t i = 0; i < order.starts.size(); ++i) {
    order.places.emplace(order.starts[i].step, i);
  }
  return order_.emplace(std::move(order));
}

QueuedPlace BuildDriver::place_of(const Wanted& wanted) {
  QueuedPlace place;
  const auto take = [&](const WaitingStep& waiting) {
    place.reason = waiting.reason;
    place.words = waiting.words;
  };
  if (!wanted.request) {
    take(explain(wanted));
    return place;
  }
  const auto step = engine_->step_of(*wanted.request);
  if (engine_->view(step).doing != Plan::View::Doing::ready) {
    take(explain_step(step));
    return place;
  }
  const auto& all = order();
  if (const auto found = all.places.find(step); found != all.places.end()) {
    const auto& start = all.starts[found->second];
    place.position = found->second + 1;
    if (start.in) {
      place.start = clock_.now() + std::chrono::duration_cast<TimePoint::duration>(
                                       *start.in - (steady_now() - all.when));
    }
    place.reason = "slot";
    place.words = words_of(found->second);
  } else if (all.starts.size() == QueuedPlace::kMostPlaces) {
    place.reason = "slot";
    place.words = "waits for a slot; more than " + std::to_string(QueuedPlace::kMostPlaces) +
                  " steps go before it";
  } else {
    take(explain_step(step));
  }
  return place;
}

std::map<std::int64_t, QueuedPlace> BuildDriver::places(std::vector<std::int64_t> builds) {
  const auto places = std::make_shared<std::map<std::int64_t, QueuedPlace>>();
  const bool answered = ask(
      [this, builds = std::move(builds), places] {
        for (const auto build : builds) {
          const auto found = wanted_.find(build);
          if (found != wanted_.end()) places->emplace(build, place_of(found->second));
        }
      },
      kOrderPatience);
  if (!answered) return {};
  return std::move(*places);
}

std::vector<std::int64_t> BuildDriver::first_to_start(std::size_t limit) {
  const auto builds = std::make_shared<std::vector<std::int64_t>>();
  const auto find = [this, limit, builds] {
    if (!engine_) return;
    const auto& places = order().places;
    std::vector<std::pair<std::size_t, std::int64_t>> ranked;
    for (const auto& [build, wanted] : wanted_) {
      if (build <= 0 || !wanted.request) continue;
      const auto found = places.find(engine_->step_of(*wanted.request));
      if (found != places.end()) ranked.emplace_back(found->second, build);
    }
    const auto count = std::min(limit, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count),
                      ranked.end());
    for (std::size_t i = 0; i < count; ++i) builds->push_back(ranked[i].second);
  };
  if (!ask(find, kOrderPatience)) return {};
  return std::move(*builds);
}

}  // namespace grange
