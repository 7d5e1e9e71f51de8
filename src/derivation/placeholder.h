#pragma once

#include <string>
#include <string_view>

#include "derivation/store_path.h"

namespace grange {

// Texts that stand for output paths before these are known (nix-store.md §5.1). 53 characters: not
// as long as a store path, so what they are in changes its length when they are replaced.

/// In a derivation: an output of its own.
std::string output_placeholder(std::string_view output);
/// In a derivation: an output of an input derivation.
std::string input_placeholder(const StorePath& derivation, std::string_view output);
/// In a derivation: an output of a derivation that is itself the output for which `inner` stands.
/// Throws InvalidError when `inner` is no placeholder.
std::string dynamic_placeholder(std::string_view inner, std::string_view output);

}  // namespace grange
