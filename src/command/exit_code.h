#pragma once

#include "base/error.h"

namespace grange {

/// Exit codes, as sysexits(3) has them where a number there fits.
inline constexpr int kExitGood = 0;
inline constexpr int kExitFailed = 1;     ///< the work was done and something in it failed
inline constexpr int kExitUsage = 64;     ///< the command line is wrong
inline constexpr int kExitData = 65;      ///< an input is malformed
inline constexpr int kExitNoInput = 66;   ///< an input does not exist
inline constexpr int kExitInternal = 70;  ///< our bug, or the system refused something
inline constexpr int kExitTryAgain = 75;  ///< busy, full, timed out: the same may work later
inline constexpr int kExitNotDeterministic =
    104;                                    ///< a check found a difference; as nix-build has it
inline constexpr int kExitDenied = 77;      ///< permission or policy
inline constexpr int kExitCancelled = 130;  ///< interrupted

/// The one place that maps kinds of error to exit codes.
int exit_code_of(ErrorKind kind) noexcept;

}  // namespace grange
