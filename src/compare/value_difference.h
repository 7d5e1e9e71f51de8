#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "compare/field_difference.h"

namespace grange {

/// A run of words (or lines) that only one side has.
struct ValuePiece {
  bool added = false;  ///< false: removed
  std::string text;
  friend bool operator==(const ValuePiece&, const ValuePiece&) = default;
};

/// What turns `base` into `head`, in order: by lines where either has several, else by words. The
/// least number of pieces of text; where both are very long and very different, all of both.
std::vector<ValuePiece> value_difference(std::string_view base, std::string_view head);

/// `text` with each path of the store by its name: without store directory and digest.
std::string with_paths_by_name(std::string_view store, std::string_view text);

/// A field's two sides as people read them: paths by name, unless only their digests differ.
FieldDifference readable(std::string_view store, const FieldDifference& difference);

/// One line for people, of at most about `limit` bytes: "configureFlags: + --without-legacy",
/// "1.88 → 1.89" for a name of which the version changed, "inputs: zlib-1.2.8 → zlib-ng-2.0", "src:
/// hello (other content)" for paths of one name.
std::string difference_line(std::string_view store, const FieldDifference& difference,
                            std::size_t limit = 200);

}  // namespace grange
