#pragma once

#include <memory>

#include "archive/narinfo.h"
#include "derivation/path_info.h"
#include "http/http_body.h"
#include "store/local_store.h"

namespace grange {

/// The NAR of a valid path, made while it is sent; `store` must outlive it. Before anything that
/// was read is passed on, the path is still valid: a collector that runs beside removes rows before
/// files, so what it leaves of a path is never taken for it. When the path goes, or its size is not
/// what is registered, NotFoundError or CorruptError is thrown, and the connection cut off.
StreamBody nar_body(LocalStore& store, const PathInfo& info, NarCompression compression);

/// The listing of its files ("HASH.ls"), held to the same. Throws NotFoundError.
std::string nar_listing_of(LocalStore& store, const PathInfo& info);

}  // namespace grange
