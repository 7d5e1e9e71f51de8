#pragma once

#include <stop_token>

#include "derivation/derivation_graph.h"
#include "farm/ci.h"
#include "farm/ci_report.h"
#include "farm/workshop.h"
#include "record/record.h"

namespace grange {

/// Makes again what the options ask for, when all else of a run is done, and adds to the report
/// what that gave. Targets keep their outcomes, and what is valid stays as it is: what was not the
/// same is a finding, not a failure of what is there.
///
/// Fixed outputs are left out of what is to be reproduced, because their hash says what they are,
/// and impure ones, which need not be the same.
/// A *rewritten* recipe of one is another than the base's, or than the one that made it here; it is
/// tried when it has never been, and with `retry` also when it failed.
///
/// `limits` are for every attempt.
void run_checks(const CiOptions& options, const StepLimits& limits, const DerivationGraph& graph,
                Workshop& workshop, Record& record, const Clock& clock, CiObserver& observer,
                const std::stop_token& stop, CiReport& report);

}  // namespace grange
