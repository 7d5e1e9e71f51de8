#pragma once

#include "base/file.h"
#include "store/local_store.h"

namespace grange {

/// Throws unless the store is a place that we may write: DeniedError for another owner, lacking
/// permission or a read-only file system, ConflictError for NFS or when our temporary places would
/// lie on another file system than the store. What does not exist yet is fine.
void check_store_place(const StoreLocation& location);

/// Creates what is missing of the directories that Nix has, and our own.
void create_store_layout(const StoreLocation& location);

/// Allocates the space in `db/reserved`, where it is not there.
void reserve_space(const StoreLocation& location);

/// The lock that every user of the store holds shared; who changes its schema holds it alone.
/// Waits for such a one; throws UnavailableError after some minutes. For reading it is enough to
/// hold it where its file exists and may be opened.
FileDescriptor hold_big_lock(const StoreLocation& location, bool read_only);

}  // namespace grange
