#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "wire/request_forms.h"
#include "wire/wire_path_info.h"

namespace grange {

// Operations that ask what a store has, and what it could get.

using IsValidPath = PathRequest<WorkerOperation::is_valid_path, bool>;
using HasSubstitutes = PathRequest<WorkerOperation::has_substitutes, bool>;
using QueryReferences = PathRequest<WorkerOperation::query_references, std::set<StorePath>>;
using QueryReferrers = PathRequest<WorkerOperation::query_referrers, std::set<StorePath>>;
using QueryDeriver = PathRequest<WorkerOperation::query_deriver, std::optional<StorePath>>;
using QueryValidDerivers = PathRequest<WorkerOperation::query_valid_derivers, std::set<StorePath>>;
using QueryDerivationOutputs =
    PathRequest<WorkerOperation::query_derivation_outputs, std::set<StorePath>>;
using QueryDerivationOutputNames =
    PathRequest<WorkerOperation::query_derivation_output_names, std::set<std::string>>;
/// By output name; nothing for an output that nobody knows yet.
using QueryDerivationOutputMap = PathRequest<WorkerOperation::query_derivation_output_map,
                                             std::map<std::string, std::optional<StorePath>>>;
using QueryAllValidPaths =
    EmptyRequest<WorkerOperation::query_all_valid_paths, std::set<StorePath>>;
using QuerySubstitutablePaths =
    PathsRequest<WorkerOperation::query_substitutable_paths, std::set<StorePath>>;
/// The reply is the archive itself, not framed.
using NarFromPath = PathRequest<WorkerOperation::nar_from_path, NoReply>;

/// A SHA-256 of a NAR.
struct NarHashReply {
  Hash hash;
  static NarHashReply read(WireReader& in) { return {read_nar_hash(in)}; }
  void write(WireWriter& out) const { write_nar_hash(out, hash); }
};
using QueryPathHash = PathRequest<WorkerOperation::query_path_hash, NarHashReply>;

/// Nothing: the path is not valid. Below 1.17 the server sends an error instead, and writing
/// nothing throws InvalidError.
struct PathInfoReply {
  std::optional<UnkeyedPathInfo> info;
  static PathInfoReply read(WireReader& in);
  void write(WireWriter& out) const;
};
using QueryPathInfo = PathRequest<WorkerOperation::query_path_info, PathInfoReply>;

struct SubstitutableReply {
  std::optional<SubstitutablePathInfo> info;
  static SubstitutableReply read(WireReader& in) {
    return {read_tagged<SubstitutablePathInfo>(in)};
  }
  void write(WireWriter& out) const { write_tagged(out, info); }
};
using QuerySubstitutablePathInfo =
    PathRequest<WorkerOperation::query_substitutable_path_info, SubstitutableReply>;

/// Below 1.22 content addresses are not sent.
struct QuerySubstitutablePathInfos {
  static constexpr WorkerOperation kOperation = WorkerOperation::query_substitutable_path_infos;
  using Reply = std::map<StorePath, SubstitutablePathInfo>;
  std::map<StorePath, std::optional<ContentAddress>> paths{};

  static QuerySubstitutablePathInfos read(WireReader& in);
  void write(WireWriter& out) const;
};

struct QueryPathFromHashPart {
  static constexpr WorkerOperation kOperation = WorkerOperation::query_path_from_hash_part;
  using Reply = std::optional<StorePath>;
  std::string hash_part{};  ///< 32 digits of base 32

  static QueryPathFromHashPart read(WireReader& in);
  void write(WireWriter& out) const { out.string(hash_part); }
};

/// Which of the paths are valid.
struct QueryValidPaths {
  static constexpr WorkerOperation kOperation = WorkerOperation::query_valid_paths;
  using Reply = std::set<StorePath>;
  std::set<StorePath> paths{};
  bool substitute = false;  ///< get what is not valid; from 1.27 on, otherwise not sent

  static QueryValidPaths read(WireReader& in);
  void write(WireWriter& out) const;
};

/// What building would take.
struct MissingPaths {
  std::set<StorePath> will_build{};
  std::set<StorePath> will_substitute{};
  std::set<StorePath> unknown{};
  std::uint64_t download_size = 0;  ///< bytes
  std::uint64_t nar_size = 0;       ///< bytes

  static MissingPaths read(WireReader& in);
  void write(WireWriter& out) const;
};
struct QueryMissing {
  static constexpr WorkerOperation kOperation = WorkerOperation::query_missing;
  using Reply = MissingPaths;
  std::vector<DerivedPath> targets{};

  static QueryMissing read(WireReader& in) { return {in.get<std::vector<DerivedPath>>()}; }
  void write(WireWriter& out) const { out.put(targets); }
};

}  // namespace grange
