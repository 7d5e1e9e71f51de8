#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/local_store.h"

namespace grange {

/// Something that keeps a path from garbage collection, and where it was found: a link, a process,
/// or a process's file of temporary roots.
struct StoreRoot {
  StorePath path;
  std::string origin;
};

/// The object that a full path lies in, whether it names the logical store directory or the one
/// that holds it; nothing for a path elsewhere.
std::optional<StorePath> object_at(const StoreLocation& location, std::string_view full);

/// What `gcroots` and `profiles` keep, as Nix reads them: links into the store, links to such links
/// (indirect roots), and files named like a path. Paths need not be valid. A link in `gcroots/auto`
/// whose target is gone is removed where `remove_dangling`. Throws DeniedError for what cannot be
/// read: what it keeps would be unknown.
std::vector<StoreRoot> find_permanent_roots(const StoreLocation& location, bool remove_dangling);

/// What running processes said they need (temproots/N). A file whose lock is free belongs to a
/// process that is gone: it does not count, and is removed where `remove_stale`.
std::vector<StoreRoot> read_temporary_roots(const StoreLocation& location, bool remove_stale);

/// Above every pid that Linux gives: a process whose own number is taken adds multiples of it.
inline constexpr long kTemporaryRootsStride = 4'194'304;

/// Does what this process said it needs end with `path` (printed)? True also of a process that has
/// no such file.
bool has_written_root(const StoreLocation& location, long process, std::string_view path);

/// What running processes use, as far as /proc shows: programs, working directories, open and
/// mapped files, and what their environments mention. Paths need not be valid.
std::vector<StoreRoot> find_runtime_roots(const StoreLocation& location,
                                          const std::filesystem::path& proc = "/proc");

}  // namespace grange
