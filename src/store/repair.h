#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/stream.h"
#include "derivation/path_info.h"
#include "store/local_store.h"

namespace grange {

/// Puts `tree` where a valid path's files are damaged or gone, in one step: whoever looks sees the
/// old or the new. Afterwards `tree` is what was there before, or nothing. The tree is canonical,
/// lies on the store's file system and has the content that is registered; the path's lock is held.
/// (Where a file system cannot exchange two names, nothing is at the path for a moment.) Entries of
/// `.links` that share a damaged file with what was there are removed.
void exchange_object(const LocalStore& store, const StorePath& path,
                     const std::filesystem::path& tree);

/// Replaces the files of a valid path by those of a NAR, under the path's lock. Throws CorruptError
/// unless hash and size of the NAR are those that are registered, NotFoundError when the path is
/// not valid any more, CancelledError.
void replace_object(LocalStore& store, const PathInfo& registered, Source& nar,
                    const std::stop_token& stop);

/// Removes entries of `.links` whose content is not what their names say, so that nothing is
/// replaced by them when the store is optimised next. Answers their names, sorted. Throws
/// CancelledError.
std::vector<std::string> remove_damaged_links(const StoreLocation& location,
                                              const std::stop_token& stop);

}  // namespace grange
