#pragma once

#include <cstddef>
#include <string>

#include "farm/ci_report.h"

namespace grange {

/// GitHub refuses comments and summaries of checks that are longer.
inline constexpr std::size_t kLongestComment = 65'535;

/// A run as one comment in Markdown: a headline, one table of what became of targets (newly failing
/// first, then fixed, then still failing), causes, rewritten recipes. At most `limit` bytes, whole
/// rows: what does not fit is counted. Foreign text cannot leave its cell, mention anyone or link.
std::string ci_report_markdown(const CiReport& report, std::size_t limit = kLongestComment);

/// The same as the body of a request that makes a check run at GitHub (POST
/// /repos/OWNER/REPO/check-runs): name, head_sha where the commit is known, conclusion, output.
std::string ci_report_github(const CiReport& report);

}  // namespace grange
