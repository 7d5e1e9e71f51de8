#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "farm/ci.h"
#include "farm/workshop.h"
#include "record/record.h"

namespace grange {

/// Outputs that somebody names: of one derivation, all of them when `outputs` is empty.
struct WantedOutputs {
  StorePath derivation;
  std::vector<std::string> outputs;

  /// "DRV", "DRV^OUT,…", "DRV^*" ('!' for '^' as older Nix has it). DRV is a full store path, or a
  /// file in any directory whose name is a store path's. Throws InvalidError.
  static WantedOutputs parse(std::string_view text);
};

/// What became of one request.
struct BuiltOutputs {
  StorePath derivation;
  Outcome outcome = Outcome::unknown;
  std::string message;
  /// Of the asked outputs, when good or failed with output: name and path, "out" first.
  std::vector<std::pair<std::string, StorePath>> paths;
  BuildReport report;  ///< what they say about the build
};

/// Makes outputs without comparing with anything: known failures are tried again, attempts are
/// remembered. To check, outputs that are valid are made again and compared, and stay as they are
/// (`not_deterministic`; `unsupported` where they are not valid). To repair, what is not valid is
/// made, and what is damaged replaced: fetched, or else made again, if that gives what is
/// registered (otherwise `not_deterministic`). Throws NotFoundError when a derivation is not in the
/// eval store.
std::vector<BuiltOutputs> build_outputs(const std::vector<WantedOutputs>& wanted,
                                        Workshop& workshop, unsigned jobs, const StepLimits& limits,
                                        Record& record, const Clock& clock, CiObserver& observer,
                                        std::stop_token stop,
                                        BuildPolicy::Mode mode = BuildPolicy::Mode::normal);

}  // namespace grange
