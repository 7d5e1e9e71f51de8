#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "command/base_options.h"
#include "command/selection_options.h"
#include "derivation/target_map.h"

namespace grange {

/// Which two maps are asked about.
struct MapPairOptions {
  SelectionOptions selection;
  BaseOptions base;
  std::string head = "last";  ///< a file; last: the last complete run of the selection
};

struct MapPair {
  TargetMap base;
  TargetMap head;
  std::string base_description;  ///< for people
};

/// The maps that were asked for, from files or the record of the state directory. With `label` they
/// may hold that one only, where it is read for itself. Throws NotFoundError where there is no such
/// run or base.
MapPair read_map_pair(const MapPairOptions& options,
                      std::optional<std::string_view> label = std::nullopt);

}  // namespace grange
