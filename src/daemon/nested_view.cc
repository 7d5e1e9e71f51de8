#include "daemon/nested_view.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace grange {

NestedView::NestedView(NestedAttempt attempt, NestedWaits& waits, WishGranter& builds)
    : attempt_(std::move(attempt)),
      waits_(waits),
      builds_(builds),
      id_(waits.begin(attempt_.names)) {}

NestedView::~NestedView() {
  waits_.end(id_);
}

bool NestedView::sees(const StorePath& path) const {
  if (attempt_.visible.contains(path)) return true;
  const MutexLock lock(mutex_);
  return added_.contains(path);
}

std::set<StorePath> NestedView::seen_of(const std::set<StorePath>& paths) const {
  std::set<StorePath> seen;
  for (const auto& path : paths) {
    if (sees(path)) seen.insert(seen.end(), path);
  }
  return seen;
}

std::set<StorePath> NestedView::visible() const {
  auto visible = added();
  visible.insert(attempt_.visible.begin(), attempt_.visible.end());
  return visible;
}

std::set<StorePath> NestedView::added() const {
  const MutexLock lock(mutex_);
  return added_;
}

void NestedView::show(const std::set<StorePath>& paths) {
  const MutexLock showing(show_mutex_);
  std::set<StorePath> fresh;
  for (const auto& path : paths) {
    if (!sees(path)) fresh.insert(fresh.end(), path);
  }
  if (fresh.empty()) return;
  if (added().size() + fresh.size() > kMostShown) {
    throw DeniedError("a builder sees at most " + std::to_string(kMostShown) +
                      " paths that were added or built for it");
  }
  attempt_.show(fresh);
  const MutexLock lock(mutex_);
  added_.merge(fresh);
}

std::set<StorePath> NestedView::held() const {
  auto held = waits_.held(id_);
  std::erase_if(held, [](const StorePath& path) { return path.is_derivation(); });
  return held;
}

std::unique_ptr<NestedView::Waiting> NestedView::wait(std::set<StorePath> needs,
                                                      const StoreDir& dir) {
  std::optional<StorePath> in_a_circle;
  const auto added = waits_.wait(id_, std::move(needs), in_a_circle);
  if (!added) {
    throw InvalidError("cannot build what needs '" + dir.print(*in_a_circle) +
                       "': that is being built, and waits for this builder");
  }
  return std::unique_ptr<Waiting>(new Waiting(*this, *added));
}

void NestedView::begin_waiting() {
  const MutexLock lock(mutex_);
  if (waiting_++ == 0) lending_.emplace(builds_);
}

void NestedView::end_waiting() {
  const MutexLock lock(mutex_);
  if (--waiting_ == 0) lending_.reset();
}

NestedView::Waiting::Waiting(NestedView& view, NestedWaits::Needs needs)
    : view_(view), needs_(needs) {
  view_.begin_waiting();
}

NestedView::Waiting::~Waiting() {
  view_.end_waiting();
  view_.waits_.waited(view_.id_, needs_);
}

}  // namespace grange
