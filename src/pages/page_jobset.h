#pragma once

#include <string>
#include <string_view>

#include "pages/page_site.h"

namespace grange {

/// May whoever asks change what is in this project of the API?
bool may_edit(const PageCall& call, Permission permission, const ApiJson& project);

// Of the jobset that a path names by {project} and {jobset}.

/// Its path in the API.
std::string jobset_api_url(const PageCall& call);
/// The API's parameters "project=…&jobset=…".
std::string jobset_parameters(const PageCall& call);
/// What all its tabs show; the model of one of them begins with it. `tab`: "evaluations",
/// "targets", "errors", "charts", "settings".
ApiJson jobset_head(const PageCall& call, const ApiJson& jobset, std::string_view tab);

// Its tabs, a file each.
ApiJson jobset_evaluations_page(PageCall& call);
ApiJson jobset_targets_page(PageCall& call);
ApiJson jobset_errors_page(PageCall& call);
ApiJson jobset_charts_page(PageCall& call);
ApiJson jobset_settings_page(PageCall& call);

}  // namespace grange
