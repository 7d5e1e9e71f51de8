#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"

namespace grange {

/// How the text of a derivation is kept: base names of store paths that are known otherwise (its
/// own outputs, its inputs and their outputs) stand in it as a byte 1 and a number: 1 for the first
/// of `names`, and so on; 0 for a byte 1 of the text itself.
std::string abbreviate_derivation(std::string_view text, std::span<const std::string> names);

/// The text again. Throws CorruptError for a number without a name, and for more than `limit`
/// bytes.
std::string expand_derivation(std::string_view brief, std::span<const std::string> names,
                              std::uint64_t limit);

/// Numbers in groups of seven bits, the least significant first; the eighth says that more follow.
void put_number(std::string& to, std::uint64_t number);
/// From `at` on, which is moved behind it. Throws CorruptError where there is none.
std::uint64_t take_number(std::string_view bytes, std::size_t& at);

/// An output whose path is known: what the column derivations.outputs has of it.
struct KnownOutputDigest {
  std::string output;  ///< its name
  std::string digest;  ///< of its path, 20 bytes
};
std::string pack_outputs(std::span<const KnownOutputDigest> outputs);
/// Base names of the outputs of a derivation of this name. Throws CorruptError.
std::vector<std::string> unpack_output_names(std::string_view packed,
                                             std::string_view derivation_name);

}  // namespace grange
