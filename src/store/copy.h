#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "store/store.h"
#include "store/trust.h"

namespace grange {

struct CopyOptions {
  /// NARs on their way at once; 0: as many as the two stores are worth (Store::transfers_at_once).
  /// Of large ones there are never more than some.
  unsigned jobs = 0;
  /// What the destination demands of what comes; nothing: it takes anything, as a binary cache
  /// does, whose readers check for themselves.
  std::optional<Trust> trust{};
  /// What is not there or cannot be copied is left out, with all that refers to it.
  bool keep_going = false;
};

/// Hears how a copy goes. Calls come from several threads, one at a time.
class CopyObserver {
 public:
  virtual ~CopyObserver() = default;
  /// What the destination does not have: so many paths, so many bytes of NARs.
  virtual void planned(std::size_t paths, std::uint64_t bytes) = 0;
  virtual void moved(std::uint64_t bytes) = 0;  ///< since the last call
  virtual void copied(const PathInfo& info) = 0;
};

struct CopyResult {
  std::size_t paths = 0;  ///< that were to be copied; the others were there
  std::uint64_t bytes = 0;
  std::size_t realisations = 0;  ///< that were registered
  std::vector<RealisationConflict> conflicts{};
  std::map<StorePath, std::string> failed{};  ///< and why; only with `keep_going`
};

/// Copies what the destination does not have of the closure of `roots`, references before what
/// refers to them; a copy that was interrupted goes on where it was. Throws NotFoundError for what
/// the source does not have, DeniedError for what is not trusted, CancelledError.
CopyResult copy_closure(Store& from, Store& to, const std::set<StorePath>& roots,
                        const CopyOptions& options, CopyObserver& observer,
                        const std::stop_token& stop);

/// Copies realisations, those that they depend on, and the closures of all their outputs; what is
/// registered here is visible only after its outputs are. Throws NotFoundError for one that the
/// source does not have.
CopyResult copy_realised(Store& from, Store& to, const std::set<DrvOutput>& ids,
                         const CopyOptions& options, CopyObserver& observer,
                         const std::stop_token& stop);

}  // namespace grange
