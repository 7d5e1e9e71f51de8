#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive/narinfo.h"
#include "base/stream.h"
#include "daemon/cache_name.h"
#include "derivation/realisation.h"
#include "store/storage.h"

namespace grange {

// What is held against everything that is put into a cache. All throw InvalidError (a wrong object)
// or ConflictError (something has to be there first), with a text for the client.

/// A NAR, which must be named after its digest (nix-store.md §7.1): written aside while it is
/// hashed, and given its name only when that is right.
void put_nar(Storage& storage, const CacheName& name, Source& body);

/// A narinfo for `name`, of a path of `store`.
NarInfo check_narinfo(const StoreDir& store, const CacheName& name, std::string_view text);
/// Throws unless the file that the narinfo names is one that `put_nar` makes, and is there, as long
/// as it says.
void check_narinfo_file(const NarInfo& narinfo, std::optional<std::uint64_t> file_size);

/// A realisation of the output that `name` names.
Realisation check_realisation(const CacheName& name, std::string_view text);

/// An object of any other kind: written aside, then named.
void put_object(Storage& storage, const CacheName& name, Source& body);

}  // namespace grange
