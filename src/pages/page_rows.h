#pragma once

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "serve/api_json.h"

namespace grange {

// Rows of lists, of the API's values. Each has its "url" and all that a template asks for.

std::string project_url(const ApiJson& project);
std::string jobset_url(const ApiJson& project, const ApiJson& jobset);
/// Of the path of a .drv in full, or of its base name.
std::string derivation_url(const std::string& path);
/// Of an API's list with `row(value)` for each.
template <typename Row>
ApiJson rows_of(const ApiJson& list, Row&& row) {
  ApiJson rows = ApiJson::array();
  for (const auto& value : list) rows.push_back(row(value));
  return rows;
}

ApiJson jobset_row(const ApiJson& jobset, TimePoint now);
ApiJson evaluation_row(const ApiJson& evaluation, TimePoint now);
ApiJson build_row(const ApiJson& build, TimePoint now);
ApiJson step_row(const ApiJson& step, TimePoint now);

/// Good, failed and queued builds: {"good", "failed", "queued", "all", "percent"}, and the widths
/// of a bar in whole percent.
ApiJson counts_view(const ApiJson& counts);

/// The way to a page: each link's text and url.
ApiJson crumbs(const ApiJson& project, const ApiJson& jobset);

}  // namespace grange
