#pragma once

#include <set>
#include <string>

#include "wire/request_forms.h"
#include "wire/wire_path_info.h"

namespace grange {

// Operations that add to a store. The content follows as a stream: see request_stream.

/// Below 1.25 a NAR follows and the reply is the path alone; text goes by AddTextToStore, and there
/// are neither references nor `repair`: `write` throws InvalidError for them. From 1.25 on framed
/// data follows: a NAR for the methods recursive and git, otherwise the bytes.
struct AddToStore {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_to_store;
  struct Reply {
    StorePath path;
    std::optional<UnkeyedPathInfo> info;  ///< from 1.25 on
    static Reply read(WireReader& in);
    void write(WireWriter& out) const;
  };
  std::string name;
  ContentMethodAlgorithm method;
  std::set<StorePath> references{};
  bool repair = false;

  static AddToStore read(WireReader& in);
  void write(WireWriter& out) const;
};

struct AddTextToStore {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_text_to_store;
  using Reply = StorePath;
  std::string name{};
  std::string text{};
  std::set<StorePath> references{};

  static AddTextToStore read(WireReader& in);
  void write(WireWriter& out) const;
};

/// The archive follows: framed from 1.23 on; in 1.21 and 1.22 the server asks for it by READ
/// frames; before it is sent as it is.
struct AddToStoreNar {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_to_store_nar;
  using Reply = NoReply;
  PathInfo info;
  bool repair = false;
  bool skip_signatures = false;

  static AddToStoreNar read(WireReader& in);
  void write(WireWriter& out) const;
};

/// Framed data follows, which MultipleReader reads and MultipleWriter writes.
struct AddMultipleToStore {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_multiple_to_store;
  using Reply = NoReply;
  bool repair = false;
  bool skip_signatures = false;

  static AddMultipleToStore read(WireReader& in);
  void write(WireWriter& out) const { out.put(repair).put(skip_signatures); }
};

/// The log follows as framed data.
struct AddBuildLog {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_build_log;
  using Reply = Done;
  StorePath derivation;  ///< travels as base name

  static AddBuildLog read(WireReader& in);
  void write(WireWriter& out) const { out.string(derivation.base_name()); }
};

struct AddSignatures {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_signatures;
  using Reply = Done;
  StorePath path;
  std::vector<std::string> signatures{};

  static AddSignatures read(WireReader& in);
  void write(WireWriter& out) const { out.put(path).put(signatures); }
};

/// Only for builders that may ask the daemon: adds what framed data holds, with the references that
/// are found in it.
struct AddToStoreScanning {
  static constexpr WorkerOperation kOperation = WorkerOperation::add_to_store_scanning;
  using Reply = PathInfo;
  std::string name;
  ContentMethodAlgorithm method;

  static AddToStoreScanning read(WireReader& in);
  void write(WireWriter& out) const { out.string(name).string(method_text()); }

 private:
  std::string method_text() const;
};

/// An export stream (export_stream.h) follows, for which the server asks by READ frames.
using ImportPaths = EmptyRequest<WorkerOperation::import_paths, std::vector<StorePath>>;

/// The NAR and what an export stream has behind it come as WRITE frames.
struct ExportPath {
  static constexpr WorkerOperation kOperation = WorkerOperation::export_path;
  using Reply = Done;
  StorePath path;

  static ExportPath read(WireReader& in);
  void write(WireWriter& out) const { out.put(path).number(0); }
};

}  // namespace grange
