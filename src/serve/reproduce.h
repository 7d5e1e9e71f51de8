#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "record/evaluation_history.h"

namespace grange {

/// What has to be done again.
struct ReproducedBuild {
  std::int64_t build = 0;
  std::string source;  ///< where the script comes from: a URL, or what is known of one
  std::string job;     ///< PROJECT:JOBSET:LABEL
  std::string system;
  std::string derivation;  ///< full path
  std::string store_dir;
  std::string expression_input;
  std::string expression_path;
  std::vector<std::string> attribute_path;
  std::vector<EvaluationInputRow> inputs;
};

/// A POSIX shell script that fetches the inputs at their revisions, adds them to the store as the
/// farm does, so that the same derivation comes of them, and builds it with nix-build; arguments of
/// the script go to that. It says what differs, and what `grange build` would be called with.
/// Nothing in the build or its inputs is taken by the shell for anything but text; what the
/// expressions say is done, of course. Throws InvalidError for a NUL, which no script can have.
std::string reproduce_script(const ReproducedBuild& build);

}  // namespace grange
