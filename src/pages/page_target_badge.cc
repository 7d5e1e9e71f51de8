#include <nlohmann/json.hpp>

#include "pages/badge_svg.h"
#include "pages/farm_pages.h"
#include "pages/page_values.h"
#include "serve/problem.h"

namespace grange {
namespace {

/// Others may keep it for so long, so that a page with many readers asks for it seldom.
constexpr std::string_view kPublic = "public, max-age=60";
constexpr std::string_view kPrivate = "private, max-age=60";

/// What becomes of a target by now, as far as who asks sees it.
ServerResponse badge(const PageSite& site, HandlerCall& http) {
  const auto& label = http.capture("label");
  const auto target =
      site.get(http.request, "/api/v1/projects/" + url_part(http.capture("project")) + "/jobsets/" +
                                 url_part(http.capture("jobset")) + "/targets/" + url_part(label));
  const auto& latest = target["latestFinished"];
  const auto outcome =
      latest.is_object() ? parse_outcome(latest["outcome"].get<std::string>()) : std::nullopt;
  ServerResponse response;
  response.headers.set("Content-Type", "image/svg+xml; charset=utf-8");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.set("X-Content-Type-Options", "nosniff");
  // Anybody may show it: nothing but the picture is told.
  response.headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  const bool is_nobody = site.context().accounts.authorise(http.request).is_anonymous();
  response.headers.set("Cache-Control", is_nobody ? kPublic : kPrivate);
  response.headers.set("Vary", "Cookie, Authorization");
  response.body = badge_svg(label, badge_word(outcome));
  return response;
}

}  // namespace

void add_target_badges(Router& router, const PageSite& site) {
  Handling handling;
  handling.run = [&site](HandlerCall& http) { return badge(site, http); };
  router.add(RequestMethod::get, "/job/{project}/{jobset}/{label}/badge.svg",
             answering(ErrorForm::problem, site.context().accounts.report(), std::move(handling)));
}

}  // namespace grange
