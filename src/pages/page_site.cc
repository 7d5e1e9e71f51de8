#include "pages/page_site.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "http/url.h"
#include "pages/moved_page.h"
#include "pages/page_encoding.h"
#include "pages/page_values.h"
#include "pages/web_files.h"
#include "serve/problem.h"

namespace grange {
namespace {

/// Pages run what this server serves, and nothing else.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The one who asks, asking for something else.
ServerRequest inner_request(const ServerRequest& asked, const std::string& target) {
  ServerRequest request;
  request.target = RequestTarget::parse(target);
  for (const auto* name : {"Cookie", "Authorization", "X-Forwarded-For", "Host"}) {
    if (const auto* value = asked.headers.find(name)) request.headers.set(name, *value);
  }
  request.remote = asked.remote;
  return request;
}

std::string body_text(ServerResponse response) {
  if (auto* text = std::get_if<std::string>(&response.body)) return std::move(*text);
  StringSink sink;
  if (const auto* stream = std::get_if<StreamBody>(&response.body)) stream->write(sink);
  return sink.take();
}

/// Throws what the API must have thrown to answer like this.
[[noreturn]] void throw_problem(int status, const std::string& body) {
  const auto problem = ApiJson::parse(body, nullptr, false);
  const auto detail = problem.is_object() ? problem.value("detail", "") : std::string();
  switch (status) {
    case 401:
      throw SignInError(detail);
    case 403:
      throw RefusedError(detail);
    case 404:
      throw NotFoundError(detail);
    case 400:
    case 422:
      throw InvalidError(detail);
    case 409:
      throw ConflictError(detail);
    default:
      throw UnavailableError(detail);
  }
}

/// Where whoever signs in comes back to this page.
std::string sign_in_url(const RequestTarget& target) {
  if (target.path == "/login" || target.path == "/setup" || target.path == "/") return "/login";
  const auto here = percent_encode(target.path, "/");
  return "/login?then=" + url_part(target.query.empty() ? here : here + "?" + target.query);
}

/// `event`: the last one that had happened when the page began to be made.
ApiJson head_of(const PageSite& site, const ServerRequest& request, const Identity& identity,
                std::int64_t event) {
  const auto& path = request.target.path;
  return {{"assets", "/static/" + web_files_digest()},
          {"version", GRANGE_VERSION},
          {"path", path + (request.target.query.empty() ? "" : "?" + request.target.query)},
          {"signedIn", identity.by == Identity::By::session},
          {"account", identity.name},
          {"signInUrl", sign_in_url(request.target)},
          {"isAdmin", identity.has(Role::admin)},
          {"canCreateProject", may(identity, Permission::create_project)},
          {"event", event},
          {"now", api_time(site.context().accounts.now())}};
}

/// Names can be given again: browsers are not to keep it.
ServerResponse redirect_to(const std::string& where) {
  ServerResponse response;
  response.status = 302;
  response.headers.set("Location", where);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

ServerResponse page_response(const ServerRequest& request, int status, std::string html) {
  ServerResponse response;
  response.status = status;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Cache-Control", "private, no-cache");
  response.headers.set("Vary", "Accept, Accept-Encoding, Cookie");
  response.headers.set("Content-Security-Policy", kPolicy);
  response.body = std::move(html);
  encode_for(request, response);
  return response;
}

/// Of an error, in fewer words than HTTP's.
std::string_view error_title(int status, std::string_view otherwise) {
  switch (status) {
    case 401:
      return "Sign in first";
    case 403:
      return "You may not do this";
    case 404:
      return "Not found";
    default:
      return otherwise;
  }
}

std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text.front() >= 'a' && text.front() <= 'z') {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  if (text.back() != '.') text += '.';
  return text;
}

std::string_view advice(int status, bool is_anonymous) {
  switch (status) {
    case 401:
      return "Sign in, and come back here.";
    case 403:
      return "Whoever administers this farm can give you the role that it needs.";
    case 404:
      return is_anonymous
                 ? "It may have been deleted, or it is hidden. Search for it above, or sign "
                   "in if you may see more than everybody."
                 : "It may have been deleted, or it is hidden from you. Search for it "
                   "above.";
    case 429:
    case 503:
      return "The farm is busy. Try again in a moment.";
    default:
      return "If it stays like this, whoever administers this farm finds the cause in its log.";
  }
}

}  // namespace

std::string PageCall::store() const {
  return site.context().farm.workshop().config().store_dir.str();
}

std::string PageCall::parameter(std::string_view name) const {
  const auto* value = http.request.target.parameter(name);
  return value != nullptr ? *value : std::string();
}

ApiJson PageSite::get(const ServerRequest& asked, const std::string& target) const {
  return ApiJson::parse(get_text(asked, target));
}

std::string PageSite::get_text(const ServerRequest& asked, const std::string& target) const {
  const auto request = inner_request(asked, target);
  const auto handling = api_.route(request);
  HandlerCall call{request, handling.captured, {}, nullptr, {}, MonotonicTime::max()};
  auto response = handling.run(call);
  const auto status = response.status;
  if (status == 301) {
    if (const auto* where = response.headers.find("Location")) throw MovedError(*where);
  }
  auto body = body_text(std::move(response));
  if (status != 200) throw_problem(status, body);
  return body;
}

bool wants_page(const ServerRequest& request) {
  if (request.method != RequestMethod::get && request.method != RequestMethod::head) return false;
  const auto* accept = request.headers.find("Accept");
  return accept != nullptr && accept->find("text/html") != std::string::npos;
}

void add_page(Router& router, const PageSite& site, std::string_view pattern,
              std::string_view page_template, PageHandler handler) {
  Handling handling;
  handling.run = [&site, handler = std::move(handler), name = std::string(page_template),
                  pattern = std::string(pattern)](HandlerCall& http) {
    const auto& request = http.request;
    auto& accounts = site.context().accounts;
    const auto event = site.context().farm.bus().last();
    Identity identity;
    try {
      PageCall call{http, site, accounts.authorise(request), accounts.now()};
      identity = call.identity;
      auto model = handler(call);
      if (!wants_page(request)) return api_answer(model);
      if (model.contains("redirect")) return redirect_to(model["redirect"].get<std::string>());
      make_room(model, 1);
      model["head"] = head_of(site, request, identity, event);
      return page_response(request, 200, site.templates().render(name, model));
    } catch (const std::exception& error) {
      if (const auto* moved = dynamic_cast<const MovedError*>(&error)) {
        const auto where =
            moved_page(pattern, http.captured, request.target.query, moved->location());
        if (where) return redirect_to(*where);
      }
      if (problem_status(error) >= 500) accounts.report()(request, error);
      if (!wants_page(request)) {
        return problem_response(ErrorForm::problem, error, request.target.path);
      }
      return error_page(site, request, identity, error);
    }
  };
  router.add(RequestMethod::get, pattern, std::move(handling));
}

ServerResponse error_page(const PageSite& site, const ServerRequest& request,
                          const Identity& identity, const std::exception& error) {
  const auto problem = problem_response(ErrorForm::problem, error, request.target.path);
  const auto told = ApiJson::parse(std::get<std::string>(problem.body));
  ApiJson model{
      {"title", error_title(problem.status, told.value("title", "Error"))},
      {"status", problem.status},
      {"detail", sentence(told.value("detail", ""))},
      {"advice", advice(problem.status, identity.is_anonymous())},
      {"maySignIn", identity.is_anonymous() && (problem.status == 401 || problem.status == 404)}};
  model["head"] = head_of(site, request, identity, site.context().farm.bus().last());
  return page_response(request, problem.status, site.templates().render("error", model));
}

}  // namespace grange
