#pragma once

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "wire/buffered_sink.h"
#include "wire/wire_build_result.h"
#include "wire/wire_derivation.h"
#include "wire/wire_path_info.h"

namespace grange {

// The serve protocol, by which older ssh stores are used (nix-store.md §8.7). There are no frames:
// a command is followed by its reply, and a failure ends the connection.

enum class ServeCommand : std::uint64_t {
  query_valid_paths = 1,
  query_path_infos = 2,
  dump_store_path = 3,
  import_paths = 4,
  export_paths = 5,
  build_paths = 6,
  query_closure = 7,
  build_derivation = 8,
  add_to_store_nar = 9,
};

/// Both parts; a dialect without features. Throws CorruptError where the peer speaks another
/// protocol, UnavailableError where it is older than 2.1.
WireDialect greet_serve_server(Source& in, BufferedSink& out, const StoreDir& store,
                               ProtocolVersion ours = kServeVersion);
WireDialect greet_serve_client(Source& in, BufferedSink& out, const StoreDir& store,
                               ProtocolVersion ours = kServeVersion);

/// What both commands that build say of how.
struct ServeBuildOptions {
  std::uint64_t max_silent_time = 0;  ///< seconds; 0: no limit
  std::uint64_t timeout = 0;          ///< seconds; 0: no limit
  std::uint64_t max_log_size = 0;     ///< bytes; from 2.2 on
  std::uint64_t repeats = 0;          ///< from 2.3 on
  bool enforce_determinism = false;   ///< from 2.3 on
  bool keep_failed = false;           ///< from 2.7 on

  static ServeBuildOptions read(WireReader& in);
  void write(WireWriter& out) const;
  friend bool operator==(const ServeBuildOptions&, const ServeBuildOptions&) = default;
};

/// Reply: std::set<StorePath>.
struct ServeQueryValidPaths {
  static constexpr ServeCommand kCommand = ServeCommand::query_valid_paths;
  bool lock = false;
  bool substitute = false;
  std::set<StorePath> paths{};
  static ServeQueryValidPaths read(WireReader& in);
  void write(WireWriter& out) const { out.put(lock).put(substitute).put(paths); }
};
/// Reply: ServePathInfos.
struct ServeQueryPathInfos {
  static constexpr ServeCommand kCommand = ServeCommand::query_path_infos;
  std::set<StorePath> paths{};
  static ServeQueryPathInfos read(WireReader& in) { return {in.get<std::set<StorePath>>()}; }
  void write(WireWriter& out) const { out.put(paths); }
};
/// Reply: the archive.
struct ServeDumpStorePath {
  static constexpr ServeCommand kCommand = ServeCommand::dump_store_path;
  StorePath path;
  static ServeDumpStorePath read(WireReader& in) { return {in.get<StorePath>()}; }
  void write(WireWriter& out) const { out.put(path); }
};
/// An export stream follows (path_streams.h). Reply: the number 1.
struct ServeImportPaths {
  static constexpr ServeCommand kCommand = ServeCommand::import_paths;
  static ServeImportPaths read(WireReader&) { return {}; }
  void write(WireWriter&) const {}
};
/// Reply: an export stream.
struct ServeExportPaths {
  static constexpr ServeCommand kCommand = ServeCommand::export_paths;
  std::set<StorePath> paths{};
  static ServeExportPaths read(WireReader& in);
  void write(WireWriter& out) const { out.number(0).put(paths); }
};
/// Reply: ServeBuildReply.
struct ServeBuildPaths {
  static constexpr ServeCommand kCommand = ServeCommand::build_paths;
  std::vector<DerivedPath> targets{};
  ServeBuildOptions options{};
  static ServeBuildPaths read(WireReader& in);
  void write(WireWriter& out) const { out.put(targets).put(options); }
};
/// Reply: std::set<StorePath>.
struct ServeQueryClosure {
  static constexpr ServeCommand kCommand = ServeCommand::query_closure;
  bool include_outputs = false;
  std::set<StorePath> paths{};
  static ServeQueryClosure read(WireReader& in);
  void write(WireWriter& out) const { out.put(include_outputs).put(paths); }
};
/// Reply: WireBuildResult. The server of Nix 2.8 sends outputs by id to every client, also to one
/// that announced less than 2.6: who would talk to it must announce 2.6 or more.
struct ServeBuildDerivation {
  static constexpr ServeCommand kCommand = ServeCommand::build_derivation;
  WireDerivation derivation;
  ServeBuildOptions options{};
  static ServeBuildDerivation read(WireReader& in);
  void write(WireWriter& out) const { out.put(derivation).put(options); }
};
/// From 2.5 on; the archive follows. Reply: the number 1.
struct ServeAddToStoreNar {
  static constexpr ServeCommand kCommand = ServeCommand::add_to_store_nar;
  PathInfo info;
  static ServeAddToStoreNar read(WireReader& in);
  void write(WireWriter& out) const;
};

using ServeRequest = std::variant<ServeQueryValidPaths, ServeQueryPathInfos, ServeDumpStorePath,
                                  ServeImportPaths, ServeExportPaths, ServeBuildPaths,
                                  ServeQueryClosure, ServeBuildDerivation, ServeAddToStoreNar>;

/// Throws CorruptError for a number that is no command of the version.
ServeRequest read_serve_request(WireReader& in);
/// Throws InvalidError for a command that the version does not have.
void write_serve_request(WireWriter& out, const ServeRequest& request);

/// What is known of those of the paths that are valid.
struct ServePathInfos {
  std::vector<PathInfo> infos{};
  static ServePathInfos read(WireReader& in);
  void write(WireWriter& out) const;
};

/// 0, or how building failed.
struct ServeBuildReply {
  std::uint64_t status = 0;  ///< an exit status of nix-store
  std::string error{};       ///< only for a failure
  static ServeBuildReply read(WireReader& in);
  void write(WireWriter& out) const;
};

}  // namespace grange
