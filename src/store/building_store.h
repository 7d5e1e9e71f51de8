#pragma once

#include <stop_token>
#include <string_view>

#include "base/clock.h"
#include "store/store.h"
#include "wire/wire_build_result.h"
#include "wire/wire_derivation.h"

namespace grange {

/// How long and how loud a build elsewhere may be; 0: no limit.
struct RemoteBuildLimits {
  Seconds timeout{0};
  Seconds max_silent{0};
  std::uint64_t max_log_bytes = 0;
};

/// Hears of a build elsewhere while it runs, from the thread that asked for it.
class RemoteBuildObserver {
 public:
  virtual ~RemoteBuildObserver() = default;
  virtual void log(std::string_view data) = 0;  ///< of the builder, as it comes
  virtual void phase(std::string_view name) = 0;
};

/// A store of somebody who also builds: where all that a derivation needs is there, he makes its
/// outputs valid.
class BuildingStore : public Store {
 public:
  /// Everything that is valid there. Throws InvalidError where that cannot be asked.
  virtual std::set<StorePath> all_paths() = 0;
  /// A failed build is a value. When stopped, the connection is dropped, upon which the other side
  /// ends the build, and CancelledError is thrown. Throws DeniedError where we are not trusted
  /// enough, UnavailableError where the connection is lost.
  virtual WireBuildResult build_derivation(const WireDerivation& derivation,
                                           const RemoteBuildLimits& limits,
                                           RemoteBuildObserver& observer,
                                           const std::stop_token& stop) = 0;
};

}  // namespace grange
