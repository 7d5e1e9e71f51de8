#include "pages/farm_pages.h"

#include "base/error.h"
#include "base/gzip.h"
#include "pages/page_encoding.h"
#include "pages/web_files.h"

namespace grange {
namespace {

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

struct Pages {
  Pages(const Router& routes, const ApiContext& context) : api(routes), site(routes, context) {
    add_overview_pages(router, site);
    add_project_pages(router, site);
    add_evaluation_pages(router, site);
    add_build_pages(router, site);
    add_log_pages(router, site);
    add_build_graph_pages(router, site);
    add_derivation_pages(router, site);
    add_derivation_difference_pages(router, site);
    add_store_path_pages(router, site);
    add_queue_pages(router, site);
    add_project_form_pages(router, site);
    add_jobset_form_pages(router, site);
    add_administration_pages(router, site);
    add_account_pages(router, site);
    add_search_pages(router, site);
    add_jobset_pages(router, site);
    add_target_pages(router, site);
    add_target_badges(router, site);
    add_machine_pages(router, site);
    add_step_pages(router, site);
    add_static_files(router);
    add_page(missing, site, "/{path*}", "error",
             [](PageCall&) -> ApiJson { throw NotFoundError("there is no page of this name"); });
  }

  Handling dispatch(const ServerRequest& request) const {
    const bool wants = wants_page(request);
    const auto* first = wants ? &router : &api;
    const auto* second = wants ? &api : &router;
    if (auto handling = first->find(request)) return *std::move(handling);
    if (auto handling = second->find(request)) return *std::move(handling);
    return wants ? missing.route(request) : api.route(request);
  }

  const Router& api;
  const PageSite site;
  Router router;
  Router missing;
};

}  // namespace

void add_static_files(Router& router) {
  for (const auto& file : web_files()) {
    constexpr std::string_view kStatic = "static/";
    if (!file.name.starts_with(kStatic)) continue;
    Handling handling;
    handling.place = HandlerPlace::inline_on_io;
    handling.run = [file, packed = gzip(file.content, 9)](HandlerCall& call) {
      ServerResponse response;
      response.headers.set("Content-Type", type_of(file.name));
      response.headers.set("Cache-Control", "public, max-age=31536000, immutable");
      response.headers.set("Vary", "Accept-Encoding");
      if (takes_gzip(call.request)) {
        response.headers.set("Content-Encoding", "gzip");
        response.body = packed;
      } else {
        response.body = std::string(file.content);
      }
      return response;
    };
    router.add(
        RequestMethod::get,
        "/static/" + web_files_digest() + "/" + std::string(file.name.substr(kStatic.size())),
        std::move(handling));
  }
}

Dispatch farm_pages(const Router& api, const ApiContext& context) {
  auto pages = std::make_shared<const Pages>(api, context);
  return [pages](const ServerRequest& request) { return pages->dispatch(request); };
}

}  // namespace grange
