#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "pages/page_templates.h"
#include "serve/api_context.h"
#include "serve/api_json.h"

namespace grange {

/// What pages are made from: what the API answers, asked for in the same process by who asks for
/// the page, so that a page shows nothing that the API would not tell them. All outlive the server.
class PageSite {
 public:
  /// `api`: all routes of the API.
  PageSite(const Router& api, const ApiContext& context) : api_(api), context_(context) {}

  const ApiContext& context() const { return context_; }
  const PageTemplates& templates() const { return templates_; }
  /// What the API answers who asks. Throws MovedError (moved_page.h) for what has another name by
  /// now, and for any other status than 200 what the API must have thrown.
  ApiJson get(const ServerRequest& asked, const std::string& target) const;
  /// The same where the body is no JSON.
  std::string get_text(const ServerRequest& asked, const std::string& target) const;

 private:
  const Router& api_;
  const ApiContext& context_;
  const PageTemplates templates_;
};

/// One request for a page.
struct PageCall {
  HandlerCall& http;
  const PageSite& site;
  Identity identity;
  TimePoint now;

  const std::string& text(std::string_view name) const { return http.capture(name); }
  /// A query parameter; empty where there is none.
  std::string parameter(std::string_view name) const;
  ApiJson get(const std::string& target) const { return site.get(http.request, target); }
  /// "/nix/store": where the farm's paths are.
  std::string store() const;
};

/// What a template shows. Has "title", and may have "crumbs": [{"text", "url"}]. One with
/// "redirect", a path here, leads there instead.
using PageHandler = std::function<ApiJson(PageCall&)>;

/// Does whoever asks (rather) want a page than JSON? Browsers say that they do.
bool wants_page(const ServerRequest& request);

/// Adds a page for GET, made of what `handler` gives by the template. It has its head, its policy
/// for browsers, and errors as pages. Who does not want a page gets the model as JSON.
void add_page(Router& router, const PageSite& site, std::string_view pattern,
              std::string_view page_template, PageHandler handler);
/// The page of an error.
ServerResponse error_page(const PageSite& site, const ServerRequest& request,
                          const Identity& identity, const std::exception& error);

}  // namespace grange
