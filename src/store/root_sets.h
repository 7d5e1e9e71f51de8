#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "store/local_store.h"

namespace grange {

/// What a set is to keep: paths by group and name (a target's label and an output, say).
using GroupedRoots = std::map<std::string, std::map<std::string, StorePath>>;

/// Permanent roots, many that belong together: links `gcroots/grange/DIGEST/=GROUP^NAME`, where
/// DIGEST stands for the set's description, which is in the file `description` beside them. Any
/// collector of Nix honours them.
class RootSet {
 public:
  /// Any text may describe a set. Nothing is made before `update`.
  RootSet(const StoreLocation& location, std::string_view description);

  /// Lets each group of `roots` hold just what it says. Of other groups those in `kept` stay as
  /// they are, or all with `keep_all`; the rest goes. The caller has temporary roots for the paths,
  /// and renews them afterwards.
  /// Notes that the set was used now. Any text is a group or a name.
  void update(const GroupedRoots& roots, const std::set<std::string>& kept, bool keep_all);

 private:
  const StoreDir store_dir_;
  const std::string description_;
  const std::filesystem::path directory_;
};

/// Removes sets that were not updated since `before`; how many. With `dry_run` only counts.
std::size_t remove_old_root_sets(const StoreLocation& location, TimePoint before, bool dry_run);

}  // namespace grange
