#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "derivation/build_products.h"
#include "derivation/derivation_graph.h"
#include "farm/ci_report.h"
#include "store/local_store.h"

namespace grange {

/// What the outputs of finished targets say about their builds: from the attempts that made them,
/// else, for what was there already, from the outputs themselves, without the products' hashes.
class TargetReports {
 public:
  /// `attempts` must outlive this.
  TargetReports(LocalStore& store, const DerivationGraph& graph,
                const std::vector<AttemptReport>& attempts, const std::stop_token& stop);

  /// Whose outputs these are.
  BuildReport of(DerivationIndex derivation, const std::map<std::string, StorePath>& outputs) const;

 private:
  LocalStore& store_;
  const DerivationGraph& graph_;
  const std::stop_token& stop_;
  std::map<StorePath, const BuildReport*> by_output_;
};

/// A build is not good whose output says so, also where it was made long ago.
void apply_report(const BuildReport& report, Outcome& outcome, std::string& message);

}  // namespace grange
