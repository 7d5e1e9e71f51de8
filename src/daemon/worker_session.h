#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "daemon/client_identity.h"
#include "daemon/client_settings.h"
#include "daemon/frame_queue.h"
#include "daemon/nested_view.h"
#include "daemon/peer_watch.h"
#include "daemon/substituter_choices.h"
#include "daemon/wish_granter.h"
#include "derivation/derived_path.h"
#include "wire/buffered_source.h"
#include "wire/worker_handshake.h"
#include "wire/worker_request.h"

namespace grange {

/// What all connections of a daemon share.
struct DaemonContext {
  LocalStore& store;
  WishGranter& builds;
  SubstituterChoices& substituters;
  const DaemonSettings& settings;
  std::stop_token stop;
};

/// One client of the worker protocol, served by the thread that calls `run`. What the client needs
/// is kept from garbage collectors until it leaves.
class WorkerSession {
 public:
  /// `in` and `out` are descriptors of the client's, which the caller keeps open. `nested` is what
  /// a builder that is the client sees; nothing: the client sees everything.
  WorkerSession(const DaemonContext& context, ClientIdentity client, int in, int out,
                NestedView* nested = nullptr);
  ~WorkerSession();

  /// Until the client leaves. Whatever he sends, or however he goes, nothing is thrown but what
  /// concerns the daemon itself.
  void run();

 private:
  /// The client is gone, or what it sends can no longer be understood.
  struct PeerGone {};

  class PeerSink final : public Sink {
   public:
    explicit PeerSink(int fd) : sink_(fd) {}
    void write(std::string_view data) override;

   private:
    FdSink sink_;
  };

  class PulledSource;
  class PushedSink;
  class Builds;

  void serve(const WorkerRequest& request);
  template <typename Request>
  void answer(const Request& request);
  void tell(const WorkerFrame& frame);
  void tell_all(const std::vector<WorkerFrame>& frames);
  void tell_line(Verbosity level, const std::string& line);
  void tell_error(const Error& error);
  void require_trust(const std::string& what) const;
  /// Throws DeniedError for a restricted client that asks for what is not his.
  template <typename Request>
  void require_allowed() const;
  /// Reads what follows a request as framed data, all of it, whatever `use` makes of it.
  void with_framed(const std::function<void(Source&)>& use);
  /// Throws InvalidError in Nix's words.
  void check_valid(const StorePath& path);

  // worker_session_queries.cc
  bool handle(const IsValidPath& request);
  bool handle(const HasSubstitutes& request);
  NarHashReply handle(const QueryPathHash& request);
  std::set<StorePath> handle(const QueryReferences& request);
  std::set<StorePath> handle(const QueryReferrers& request);
  std::optional<StorePath> handle(const QueryDeriver& request);
  std::set<StorePath> handle(const QueryValidDerivers& request);
  std::set<StorePath> handle(const QueryDerivationOutputs& request);
  std::set<std::string> handle(const QueryDerivationOutputNames& request);
  std::map<std::string, std::optional<StorePath>> handle(const QueryDerivationOutputMap& request);
  std::set<StorePath> handle(const QueryAllValidPaths& request);
  std::set<StorePath> handle(const QuerySubstitutablePaths& request);
  NoReply handle(const NarFromPath& request);
  PathInfoReply handle(const QueryPathInfo& request);
  SubstitutableReply handle(const QuerySubstitutablePathInfo& request);
  QuerySubstitutablePathInfos::Reply handle(const QuerySubstitutablePathInfos& request);
  std::optional<StorePath> handle(const QueryPathFromHashPart& request);
  std::set<StorePath> handle(const QueryValidPaths& request);
  MissingPaths handle(const QueryMissing& request);

  // worker_session_adding.cc
  AddToStore::Reply handle(const AddToStore& request);
  StorePath handle(const AddTextToStore& request);
  NoReply handle(const AddToStoreNar& request);
  NoReply handle(const AddMultipleToStore& request);
  Done handle(const AddBuildLog& request);
  Done handle(const AddSignatures& request);
  std::vector<StorePath> handle(const ImportPaths& request);
  Done handle(const ExportPath& request);
  NoReply handle(const RegisterDrvOutput& request);
  RealisationReply handle(const QueryRealisation& request);
  Done handle(const SubmitOutput& request);
  PathInfo handle(const AddToStoreScanning& request);
  void add_nar(const PathInfo& info, Source& nar, bool skip_signatures);

  // worker_session_builds.cc
  Done handle(const BuildPaths& request);
  BuildPathsWithResults::Reply handle(const BuildPathsWithResults& request);
  WireBuildResult handle(const BuildDerivation& request);
  Done handle(const EnsurePath& request);
  struct Target {
    DerivedPath path;
    GrantedWish granted;
    bool opaque = false;
  };
  std::vector<Target> make(const std::vector<DerivedPath>& targets, BuildMode mode);
  void make_derivations(std::vector<Target>& targets, BuildMode mode);
  void repair_closures(const std::vector<Target>& targets);
  std::string failure_text_of(const Target& target) const;
  WireBuildResult wire_result_of(const Target& target) const;
  BuildTerms terms(BuildMode mode);
  void fetch(const std::set<StorePath>& paths);
  /// Replaces what is damaged of these, from substituters or by building. True when all are whole
  /// then; tells of those that are not.
  bool repair(const std::set<StorePath>& damaged);
  std::shared_ptr<const ChosenSubstituters> substituters();

  // worker_session_upkeep.cc
  NoReply handle(const SetOptions& request);
  Done handle(const AddTempRoot& request);
  Done handle(const AddIndirectRoot& request);
  std::string handle(const AddPermRoot& request);
  Done handle(const SyncWithGC& request);
  std::vector<std::pair<std::string, StorePath>> handle(const FindRoots& request);
  CollectedGarbage handle(const CollectGarbage& request);
  Done handle(const OptimiseStore& request);
  bool handle(const VerifyStore& request);

  // worker_session_nested.cc: the same for the builder of an attempt. What is not named here is
  // refused.
  template <typename Request>
  auto handle_nested(const Request&)
      -> decltype(std::declval<WorkerSession&>().handle(std::declval<const Request&>()));
  bool handle_nested(const IsValidPath& request);
  bool handle_nested(const HasSubstitutes& request);
  NarHashReply handle_nested(const QueryPathHash& request);
  std::set<StorePath> handle_nested(const QueryReferences& request);
  std::set<StorePath> handle_nested(const QueryReferrers& request);
  std::optional<StorePath> handle_nested(const QueryDeriver& request);
  std::set<StorePath> handle_nested(const QueryValidDerivers& request);
  std::set<StorePath> handle_nested(const QueryDerivationOutputs& request);
  std::set<std::string> handle_nested(const QueryDerivationOutputNames& request);
  std::map<std::string, std::optional<StorePath>> handle_nested(
      const QueryDerivationOutputMap& request);
  std::set<StorePath> handle_nested(const QueryAllValidPaths& request);
  std::set<StorePath> handle_nested(const QuerySubstitutablePaths& request);
  NoReply handle_nested(const NarFromPath& request);
  PathInfoReply handle_nested(const QueryPathInfo& request);
  SubstitutableReply handle_nested(const QuerySubstitutablePathInfo& request);
  QuerySubstitutablePathInfos::Reply handle_nested(const QuerySubstitutablePathInfos& request);
  std::optional<StorePath> handle_nested(const QueryPathFromHashPart& request);
  std::set<StorePath> handle_nested(const QueryValidPaths& request);
  MissingPaths handle_nested(const QueryMissing& request);
  AddToStore::Reply handle_nested(const AddToStore& request);
  StorePath handle_nested(const AddTextToStore& request);
  NoReply handle_nested(const AddToStoreNar& request);
  NoReply handle_nested(const AddMultipleToStore& request);
  Done handle_nested(const AddBuildLog& request);
  std::vector<StorePath> handle_nested(const ImportPaths& request);
  Done handle_nested(const ExportPath& request);
  RealisationReply handle_nested(const QueryRealisation& request);
  Done handle_nested(const BuildPaths& request);
  BuildPathsWithResults::Reply handle_nested(const BuildPathsWithResults& request);
  Done handle_nested(const EnsurePath& request);
  NoReply handle_nested(const SetOptions& request);
  Done handle_nested(const AddTempRoot& request);
  Done handle_nested(const AddIndirectRoot& request);
  Done handle_nested(const SyncWithGC& request);
  std::vector<std::pair<std::string, StorePath>> handle_nested(const FindRoots& request);
  void require_visible(const StorePath& path) const;
  void require_buildable(const std::vector<DerivedPath>& targets, BuildMode mode) const;
  /// What is added may refer to itself and to what is visible.
  void require_visible_references(const std::set<StorePath>& references,
                                  const StorePath* self) const;
  void add_nested_nar(const PathInfo& info, Source& nar);
  std::set<StorePath> unmade(const std::vector<BuildWish>& wishes);

  const DaemonContext& context_;
  const ClientIdentity client_;
  NestedView* const nested_;
  const int in_;
  FdSource raw_source_;
  BufferedSource source_;
  PeerSink raw_sink_;
  BufferedSink out_;
  std::unique_ptr<LocalStore> store_;  ///< the client's own session
  ClientSettings settings_;
  FrameQueue queue_;
  WireDialect dialect_;
  std::optional<WireReader> reader_;
  std::optional<WireWriter> writer_;
};

}  // namespace grange
