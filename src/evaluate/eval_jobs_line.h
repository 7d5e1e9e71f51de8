#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// One line of nix-eval-jobs (pipelines-and-peers.md §2.1), as far as it is of use.
struct EvalJobsLine {
  std::vector<std::string> attr_path;
  std::string error;  ///< not empty: it failed, whatever else is there
  std::string derivation_path;
  std::string meta_json = "{}";
  std::vector<std::string> constituents;  ///< derivation paths
};

/// Throws CorruptError when the line is not one of these.
EvalJobsLine parse_eval_jobs_line(std::string_view text);

}  // namespace grange
