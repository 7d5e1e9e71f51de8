#pragma once

#include <utility>
#include <vector>

#include "wire/request_forms.h"
#include "wire/wire_build_result.h"
#include "wire/wire_derivation.h"

namespace grange {

// Operations that make paths valid.

enum class BuildMode : std::uint8_t { normal = 0, repair = 1, check = 2 };

template <>
struct WireCodec<BuildMode> {
  static BuildMode read(WireReader& in) {
    return static_cast<BuildMode>(in.bounded(2, "a build mode"));
  }
  static void write(WireWriter& out, BuildMode mode) {
    out.number(static_cast<std::uint64_t>(mode));
  }
};

/// A failed build is an error frame, without a reply.
struct BuildPaths {
  static constexpr WorkerOperation kOperation = WorkerOperation::build_paths;
  using Reply = Done;
  std::vector<DerivedPath> targets{};
  BuildMode mode = BuildMode::normal;

  static BuildPaths read(WireReader& in);
  void write(WireWriter& out) const { out.put(targets).put(mode); }
};

/// Results come in an order of the server's own: find them by what they are of.
struct BuildPathsWithResults {
  static constexpr WorkerOperation kOperation = WorkerOperation::build_paths_with_results;
  using Reply = std::vector<std::pair<DerivedPath, WireBuildResult>>;
  std::vector<DerivedPath> targets{};
  BuildMode mode = BuildMode::normal;

  static BuildPathsWithResults read(WireReader& in);
  void write(WireWriter& out) const { out.put(targets).put(mode); }
};

/// Builds a derivation whose inputs are all there, and which the server need not have.
struct BuildDerivation {
  static constexpr WorkerOperation kOperation = WorkerOperation::build_derivation;
  using Reply = WireBuildResult;
  WireDerivation derivation;
  BuildMode mode = BuildMode::normal;

  static BuildDerivation read(WireReader& in);
  void write(WireWriter& out) const { out.put(derivation).put(mode); }
};

using EnsurePath = PathRequest<WorkerOperation::ensure_path, Done>;

/// One object, where the part before it may be known only once it is built.
template <>
struct WireCodec<SingleDerivedPath> {
  static SingleDerivedPath read(WireReader& in);
  static void write(WireWriter& out, const SingleDerivedPath& value);
};

/// Only for builders that may ask the daemon: this object is that output.
struct SubmitOutput {
  static constexpr WorkerOperation kOperation = WorkerOperation::submit_output;
  using Reply = Done;
  SingleDerivedPath object;
  std::string output;

  static SubmitOutput read(WireReader& in);
  void write(WireWriter& out) const { out.put(object).string(output); }
};

}  // namespace grange
