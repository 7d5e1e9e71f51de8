#pragma once

#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "wire/request_forms.h"
#include "wire/wire_realisation.h"

namespace grange {

// Operations about realisations. Three forms by version: an id and a path below 1.31, JSON from
// 1.31 on, and with the feature `realisation-with-path-not-hash` by the path of the derivation.
// `write` throws InvalidError for a value of the form that the dialect does not have.

/// Below 1.31 signatures and dependencies are not sent.
struct RegisterDrvOutput {
  static constexpr WorkerOperation kOperation = WorkerOperation::register_drv_output;
  using Reply = NoReply;
  std::variant<Realisation, NewRealisation> realisation;

  static RegisterDrvOutput read(WireReader& in);
  void write(WireWriter& out) const;
};

/// Empty where there is no realisation.
struct RealisationReply {
  /// Paths below 1.31.
  std::variant<std::set<StorePath>, std::vector<Realisation>, std::optional<RealisedOutput>> found;

  static RealisationReply read(WireReader& in);
  void write(WireWriter& out) const;
};

struct QueryRealisation {
  static constexpr WorkerOperation kOperation = WorkerOperation::query_realisation;
  using Reply = RealisationReply;
  std::variant<DrvOutput, OutputOfDerivation> output;

  static QueryRealisation read(WireReader& in);
  void write(WireWriter& out) const;
};

}  // namespace grange
