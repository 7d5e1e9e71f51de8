#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "derivation/store_path.h"

namespace grange {

/// What a text may name that somebody looks for. Each is empty where it cannot.
struct SearchText {
  std::string words;              ///< as it was typed, without blanks around it
  std::optional<StorePath> path;  ///< a store path, its base name, or a file below it
  std::string store_digits;       ///< the first digits of store paths (base 32): 6 or more
  std::string digits;             ///< of a commit, an output set (base 16), lower case: 6 or more

  bool is_whole_store_digest() const { return store_digits.size() == StorePath::kHashLength; }
  bool is_whole_commit() const { return digits.size() == 40; }
  bool is_whole_output_set() const { return digits.size() == 64; }
  bool is_whole_digest() const {
    return is_whole_store_digest() || is_whole_commit() || is_whole_output_set();
  }

  /// `store_dir`: "/nix/store".
  static SearchText parse(std::string_view text, std::string_view store_dir);
};

/// Of ASCII letters only.
bool contains_ignoring_case(std::string_view text, std::string_view part);

}  // namespace grange
