#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string_view>

#include <sys/types.h>

#include "base/file.h"
#include "derivation/attributes.h"
#include "derivation/store_path.h"

namespace grange {

/// The system feature by which a derivation asks for a nested store: its builder may add to the
/// store and have derivations built, through a socket in its build directory that NIX_REMOTE names.
inline constexpr std::string_view kNestedStoreFeature = "recursive-nix";

bool asks_for_nested_store(const DerivationAttributes& attributes);

/// What a nested store needs to know of the attempt whose builder it serves.
struct NestedAttempt {
  /// The derivation, what it was resolved from, its outputs: whoever waits for one of these waits
  /// for this attempt.
  std::set<StorePath> names;
  std::set<StorePath> visible;  ///< the input closure
  uid_t builder = 0;            ///< whose connections are accepted, beside root's
  /// Keeps valid paths from garbage collectors until the attempt's outputs are registered, and
  /// lets the builder see them. From any thread; throws where that is not possible.
  std::function<void(const std::set<StorePath>&)> show;
};

/// The store as one builder may use it, while this lives.
class NestedStore {
 public:
  /// As `end`.
  virtual ~NestedStore() = default;
  /// The builder has ended: its clients are cut off and waited for, what is being built for them is
  /// cancelled. Answers which paths were added or built for it; no more are shown.
  virtual std::set<StorePath> end() = 0;
};

/// The seam by which attempts get nested stores: a daemon serves them. Thread safe.
class NestedStores {
 public:
  virtual ~NestedStores() = default;
  /// Serves whoever connects to a listening socket. Throws InvalidError for an attempt that is
  /// nested too deep.
  virtual std::unique_ptr<NestedStore> serve(FileDescriptor listening, NestedAttempt attempt) = 0;
};

}  // namespace grange
