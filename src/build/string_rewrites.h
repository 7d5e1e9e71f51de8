#pragma once

#include <map>
#include <string>

namespace grange {

/// Texts that stand for others in what a builder is told: placeholders of its own outputs, and the
/// digests of outputs that are made under another path (nix-store.md §10.2).
using StringRewrites = std::map<std::string, std::string>;

/// Replaces each occurrence of each key, one key after the other in their order, as Nix does.
std::string rewrite(std::string text, const StringRewrites& rewrites);

}  // namespace grange
