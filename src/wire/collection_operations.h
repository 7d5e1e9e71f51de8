#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "wire/request_forms.h"

namespace grange {

// Operations about roots, garbage, and the store's own upkeep.

using AddTempRoot = PathRequest<WorkerOperation::add_temp_root, Done>;
using SyncWithGC = EmptyRequest<WorkerOperation::sync_with_gc, Done>;
using OptimiseStore = EmptyRequest<WorkerOperation::optimise_store, Done>;
/// Links and what they keep; a server may censor links towards those whom it does not trust.
using FindRoots =
    EmptyRequest<WorkerOperation::find_roots, std::vector<std::pair<std::string, StorePath>>>;

/// The link is one of the server's file system.
struct AddIndirectRoot {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_indirect_root;
  using Reply = Done;
  std::string link{};

  static AddIndirectRoot read(WireReader& in) { return {in.string()}; }
  void write(WireWriter& out) const { out.string(link); }
};

/// The reply is the link.
struct AddPermRoot {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_perm_root;
  using Reply = std::string;
  StorePath path;
  std::string link{};

  static AddPermRoot read(WireReader& in);
  void write(WireWriter& out) const { out.put(path).string(link); }
};

enum class GarbageAction : std::uint8_t {
  tell_live = 0,
  tell_dead = 1,
  delete_dead = 2,
  delete_specific = 3,
};

struct CollectedGarbage {
  std::vector<std::string> paths{};
  std::uint64_t bytes_freed = 0;

  static CollectedGarbage read(WireReader& in);
  void write(WireWriter& out) const;
};

struct CollectGarbage {
  static constexpr WorkerOperation kOperation = WorkerOperation::collect_garbage;
  using Reply = CollectedGarbage;
  GarbageAction action = GarbageAction::tell_dead;
  std::set<StorePath> paths{};  ///< for delete_specific
  bool ignore_liveness = false;
  std::uint64_t max_freed = 0;  ///< bytes
  // Only where both have `delete-dead-specific-referrers`; otherwise `write` throws InvalidError
  // for what the action alone does not say.
  bool whole_store = true;        ///< `paths` do not count
  bool delete_referrers = false;  ///< dead referrers of `paths`, too

  static CollectGarbage read(WireReader& in);
  void write(WireWriter& out) const;
};

/// The reply says whether there are errors left.
struct VerifyStore {
  static constexpr WorkerOperation kOperation = WorkerOperation::verify_store;
  using Reply = bool;
  bool check_contents = false;
  bool repair = false;

  static VerifyStore read(WireReader& in);
  void write(WireWriter& out) const { out.put(check_contents).put(repair); }
};

}  // namespace grange
