#pragma once

#include <memory>
#include <optional>
#include <set>

#include "base/thread_annotations.h"
#include "build/nested_store.h"
#include "daemon/nested_waits.h"
#include "daemon/wish_granter.h"

namespace grange {

/// What the builder of one attempt sees of the store, shared by all its clients: its inputs, and
/// what was added or built for it. Nothing else exists for it: what it may name decides what it
/// can read, and a store has more than one user's secrets. It is closed: what a visible path refers
/// to is visible. Thread safe.
class NestedView {
 public:
  /// Throws InvalidError for an attempt that is nested too deep.
  NestedView(NestedAttempt attempt, NestedWaits& waits, WishGranter& builds);
  ~NestedView();
  NestedView(const NestedView&) = delete;
  NestedView& operator=(const NestedView&) = delete;

  uid_t builder() const { return attempt_.builder; }
  bool sees(const StorePath& path) const EXCLUDES(mutex_);
  /// Those of these that it sees.
  std::set<StorePath> seen_of(const std::set<StorePath>& paths) const EXCLUDES(mutex_);
  std::set<StorePath> visible() const EXCLUDES(mutex_);
  std::set<StorePath> added() const EXCLUDES(mutex_);
  /// Valid paths come into sight, with all that they refer to among them or visible. Whoever calls
  /// keeps them from garbage collectors until this returns. Throws what the attempt's `show` does,
  /// and DeniedError beyond kMostShown.
  void show(const std::set<StorePath>& paths) EXCLUDES(mutex_);
  /// Outputs that are locked until the attempt has ended, so that nobody must wait for them in
  /// between: its own, and those of attempts that wait for it.
  std::set<StorePath> held() const;

  static constexpr std::size_t kMostShown = 50'000;

  /// While it lives the attempt waits for something to be made.
  class Waiting {
   public:
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    friend class NestedView;
    Waiting(NestedView& view, NestedWaits::Needs needs);
    NestedView& view_;
    NestedWaits::Needs needs_;
  };
  /// Throws InvalidError where the attempt would wait for itself. `needs` are derivations and
  /// outputs that have still to be made.
  std::unique_ptr<Waiting> wait(std::set<StorePath> needs, const StoreDir& dir);

 private:
  void begin_waiting() EXCLUDES(mutex_);
  void end_waiting() EXCLUDES(mutex_);

  const NestedAttempt attempt_;
  NestedWaits& waits_;
  WishGranter& builds_;
  const NestedWaits::Id id_;
  Mutex show_mutex_;  ///< held while something is shown, before the other
  mutable Mutex mutex_;
  std::set<StorePath> added_ GUARDED_BY(mutex_);
  unsigned waiting_ GUARDED_BY(mutex_) = 0;
  std::optional<WishGranter::Lending> lending_ GUARDED_BY(mutex_);
};

}  // namespace grange
