#pragma once

#include <variant>

#include "wire/adding_operations.h"
#include "wire/building_operations.h"
#include "wire/collection_operations.h"
#include "wire/query_operations.h"
#include "wire/realisation_operations.h"
#include "wire/settings_operations.h"

namespace grange {

/// Any request of the worker protocol.
using WorkerRequest =
    std::variant<IsValidPath, HasSubstitutes, QueryPathHash, QueryReferences, QueryReferrers,
                 AddToStore, AddTextToStore, BuildPaths, EnsurePath, AddTempRoot, AddIndirectRoot,
                 SyncWithGC, FindRoots, ExportPath, QueryDeriver, SetOptions, CollectGarbage,
                 QuerySubstitutablePathInfo, QueryDerivationOutputs, QueryAllValidPaths,
                 QueryPathInfo, ImportPaths, QueryDerivationOutputNames, QueryPathFromHashPart,
                 QuerySubstitutablePathInfos, QueryValidPaths, QuerySubstitutablePaths,
                 QueryValidDerivers, OptimiseStore, VerifyStore, BuildDerivation, AddSignatures,
                 NarFromPath, AddToStoreNar, QueryMissing, QueryDerivationOutputMap,
                 RegisterDrvOutput, QueryRealisation, AddMultipleToStore, AddBuildLog,
                 BuildPathsWithResults, AddPermRoot, SubmitOutput, AddToStoreScanning>;

WorkerOperation operation_of(const WorkerRequest& request) noexcept;

/// The operation's number and the request. Throws CorruptError for a number that is no operation of
/// the dialect ("invalid operation 25"); the context names the operation.
WorkerRequest read_worker_request(WireReader& in);
/// The counterpart. Throws InvalidError for an operation that the dialect does not have.
void write_worker_request(WireWriter& out, const WorkerRequest& request);

/// What follows a request, or its reply, and is not part of it.
enum class WireStream {
  none,
  framed,  ///< framed data: FramedSource, FramedSink
  nar,     ///< one archive as it is: copy_nar, restore_nar
  pulled,  ///< the server sends READ frames, the client answers each with a string
  pushed,  ///< the server sends WRITE frames
};
/// What the client sends behind the request.
WireStream request_stream(const WireDialect& dialect, const WorkerRequest& request) noexcept;
/// What the server sends: `nar` stands behind LAST, `pushed` comes before it.
WireStream reply_stream(const WorkerRequest& request) noexcept;

}  // namespace grange
