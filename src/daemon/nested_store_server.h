#pragma once

#include <memory>

#include "build/nested_store.h"
#include "daemon/nested_waits.h"
#include "daemon/worker_session.h"

namespace grange {

/// Serves the worker protocol to builders, over the store and builds of one daemon. Its clients are
/// not trusted, and see what their builder sees (`NestedView`).
class NestedStoreServer final : public NestedStores {
 public:
  /// `context` must outlive it, and all that it serves.
  explicit NestedStoreServer(const DaemonContext& context) : context_(context) {}
  std::unique_ptr<NestedStore> serve(FileDescriptor listening, NestedAttempt attempt) override;

 private:
  const DaemonContext& context_;
  NestedWaits waits_;
};

}  // namespace grange
