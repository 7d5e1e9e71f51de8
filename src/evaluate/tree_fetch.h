#pragma once

#include "evaluate/fetch_space.h"
#include "evaluate/jobset_input.h"
#include "evaluate/known_trees.h"
#include "http/http_client.h"

namespace grange {

/// A copy of a file or directory of this machine, as far as the programs that fetch may read it. So
/// long as the input says the last copy is good enough. Throws NotFoundError, DeniedError,
/// InvalidError for what a store cannot hold.
StorePath fetch_path(const PathInput& input, const FetchRun& run, const KnownTrees& known);

/// The files of an archive; of one with a single directory at its top, those in it. Downloaded
/// again only when the server says that it has changed. Throws what HttpClient and unpack_archive
/// do.
StorePath fetch_tarball(const TarballInput& input, const FetchRun& run, const KnownTrees& known,
                        HttpClient& http);

}  // namespace grange
