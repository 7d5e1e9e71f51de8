#include "http/http_route.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grange {

namespace {

Handling answer_with(ServerResponse response) {
  Handling handling;
  handling.place = HandlerPlace::inline_on_io;
  handling.run = [response = std::move(response)](HandlerCall&) { return response; };
  return handling;
}

/// "GET, HEAD, OPTIONS, PUT"
std::string allowed_methods(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return join(names, ", ");
}

}  // namespace

const std::string& HandlerCall::capture(std::string_view name) const {
  static const std::string nothing;
  for (const auto& [have, value] : captured) {
    if (have == name) return value;
  }
  return nothing;
}

PathPattern PathPattern::parse(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    throw InvalidError("the route '" + printable(text) + "' " + std::string(why));
  };
  if (!text.starts_with('/')) refuse("does not begin with '/'");
  PathPattern pattern;
  const auto pieces = split(text.substr(1), '/');
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    Segment segment;
    const std::string_view piece = pieces[i];
    const std::size_t open = piece.find('{');
    segment.before = piece.substr(0, open);
    if (open != std::string_view::npos) {
      const std::size_t close = piece.find('}', open);
      if (close == std::string_view::npos) refuse("has a brace that is not closed");
      segment.name = piece.substr(open + 1, close - open - 1);
      segment.after = piece.substr(close + 1);
      if (segment.name.ends_with('*')) {
        segment.takes_rest = true;
        segment.name.pop_back();
        if (!segment.after.empty() || i + 1 != pieces.size()) refuse("goes on after a '*'");
      }
      if (segment.name.empty()) refuse("has braces without a name");
    }
    if ((segment.before + segment.after).find_first_of("{}") != std::string::npos) {
      refuse("has more than one name in a segment");
    }
    pattern.segments_.push_back(std::move(segment));
  }
  return pattern;
}

std::optional<PathPattern::Captures> PathPattern::match(std::string_view path) const {
  Captures captures;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    const std::size_t size =
        segment.takes_rest ? path.size() : std::min(path.find('/'), path.size());
    const std::string_view piece = path.substr(0, size);
    path.remove_prefix(size);
    if (segment.name.empty()) {
      if (piece != segment.before) return std::nullopt;
      continue;
    }
    const std::size_t literal = segment.before.size() + segment.after.size();
    if (!piece.starts_with(segment.before) ||
        piece.size() < literal + (segment.takes_rest ? 0 : 1) || !piece.ends_with(segment.after)) {
      return std::nullopt;
    }
    captures.emplace_back(segment.name,
                          piece.substr(segment.before.size(), piece.size() - literal));
  }
  if (!path.empty()) return std::nullopt;
  return captures;
}

Router& Router::add(RequestMethod method, std::string_view pattern, Handling handling) {
  routes_.push_back(
      {method, std::string(pattern), PathPattern::parse(pattern), std::move(handling)});
  return *this;
}

std::vector<Router::Listed> Router::list() const {
  std::vector<Listed> listed;
  for (const Route& route : routes_) listed.push_back({route.method, route.text});
  return listed;
}

std::optional<Handling> Router::find(const ServerRequest& request) const {
  const auto fits = [&](RequestMethod method) {
    return method == request.method ||
           (method == RequestMethod::get && request.method == RequestMethod::head);
  };
  for (const Route& route : routes_) {
    if (!fits(route.method)) continue;
    auto captures = route.pattern.match(request.target.path);
    if (!captures) continue;
    Handling handling = route.handling;
    handling.captured = *std::move(captures);
    return handling;
  }
  return std::nullopt;
}

Handling Router::route(const ServerRequest& request) const {
  if (auto handling = find(request)) return *std::move(handling);
  std::vector<std::string> allowed;
  for (const Route& route : routes_) {
    if (!route.pattern.match(request.target.path)) continue;
    allowed.emplace_back(to_string(route.method));
    if (route.method == RequestMethod::get) allowed.emplace_back("HEAD");
  }
  if (allowed.empty()) return answer_with(text_response(404, "nothing is here"));
  allowed.emplace_back("OPTIONS");
  ServerResponse response = text_response(405, "this method is not allowed here");
  if (request.method == RequestMethod::options) {
    response = ServerResponse{};
    response.status = 204;
  }
  response.headers.set("Allow", allowed_methods(std::move(allowed)));
  return answer_with(std::move(response));
}

}  // namespace grange
