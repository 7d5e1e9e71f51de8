#pragma once

#include <optional>
#include <string>

#include "pages/log_reader.h"
#include "pages/page_site.h"

namespace grange {

/// A step's log, which must have been checked to be seen, read through once.
LogReader read_step_log(const PageCall& call, std::int64_t step, const LogPart& part);

/// What log_lines.html shows: {"lines": [{"number", "spans", "failing", "url"}], "any", "all",
/// "failing", "cut", "first", "last", "size"}. Numbers link to lines of the page at `url` (empty:
/// of this page). What `search` finds is marked.
ApiJson log_view(const LogReader& log, const std::string& url, const std::string& search = "");
/// The same of the lines that were found.
ApiJson log_hits_view(const LogReader& log, const std::string& url, const std::string& search);

}  // namespace grange
