#pragma once

#include <memory>

#include "http/http_route.h"
#include "pages/page_site.h"

namespace grange {

/// The pages of a farm, by what they show. `site` must outlive the router.
void add_overview_pages(Router& router, const PageSite& site);
void add_project_pages(Router& router, const PageSite& site);
void add_evaluation_pages(Router& router, const PageSite& site);
void add_build_pages(Router& router, const PageSite& site);
void add_log_pages(Router& router, const PageSite& site);
void add_build_graph_pages(Router& router, const PageSite& site);
void add_derivation_pages(Router& router, const PageSite& site);
void add_derivation_difference_pages(Router& router, const PageSite& site);
void add_store_path_pages(Router& router, const PageSite& site);
void add_queue_pages(Router& router, const PageSite& site);
void add_project_form_pages(Router& router, const PageSite& site);
void add_jobset_form_pages(Router& router, const PageSite& site);
void add_administration_pages(Router& router, const PageSite& site);
void add_account_pages(Router& router, const PageSite& site);
void add_search_pages(Router& router, const PageSite& site);
void add_jobset_pages(Router& router, const PageSite& site);
void add_target_pages(Router& router, const PageSite& site);
/// Pictures that say what a target's newest build is, for pages elsewhere.
void add_target_badges(Router& router, const PageSite& site);
void add_machine_pages(Router& router, const PageSite& site);
void add_step_pages(Router& router, const PageSite& site);
/// What never changes below /static/DIGEST/.
void add_static_files(Router& router);

/// What answers who wants pages: a page where there is one of the path, else what `api` answers;
/// and who does not, the other way round. Both, and `context`, must outlive what is returned.
Dispatch farm_pages(const Router& api, const ApiContext& context);

}  // namespace grange
