#pragma once

#include <string>
#include <string_view>

#include "derivation/derivation.h"
#include "derivation/store_path.h"

namespace grange {

/// Reads the text of a .drv (nix-store.md §3.1) strictly: accepted is exactly what `print_aterm`
/// writes. `name` is the file's name without digest and ".drv". Throws InvalidError with the byte
/// offset of what is wrong.
Derivation parse_aterm(const StoreDir& store, std::string_view name, std::string_view text);

/// The text of the .drv, byte for byte as Nix and Guix write it. Throws InvalidError for a value
/// that the format cannot hold (a system that needs escapes, an input of which nothing is used).
std::string print_aterm(const Derivation& derivation, const StoreDir& store);

/// Appends `text` in quotes, with the escapes that the format has.
void append_aterm_string(std::string& out, std::string_view text);

/// The store path that the .drv itself has: a text file that refers to its inputs.
StorePath derivation_path(const StoreDir& store, const Derivation& derivation);
/// The same for a text that was printed before.
StorePath derivation_path(const StoreDir& store, const Derivation& derivation,
                          std::string_view text);

}  // namespace grange
