#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http_server_handler.h"

namespace grange {

/// The shape of a path: "/nar/{file}", "/{hash}.narinfo", "/log/{name*}". Each segment is literal,
/// or holds one name in braces that takes at least one character; with "*", which may stand only at
/// the very end, it takes all that is left, separators included, even nothing.
class PathPattern {
 public:
  using Captures = std::vector<std::pair<std::string, std::string>>;

  /// Throws InvalidError for a malformed pattern.
  static PathPattern parse(std::string_view text);

  /// What a path gives the names; nothing when it has another shape.
  std::optional<Captures> match(std::string_view path) const;

 private:
  struct Segment {
    std::string before;  ///< literal
    std::string name;    ///< empty: the segment is literal
    std::string after;   ///< literal
    bool takes_rest = false;
  };
  std::vector<Segment> segments_;
};

/// Requests to handlers by method and path; the first route that fits wins. HEAD goes where GET
/// does. What no path fits gets 404; what only other methods fit, 405 with Allow; OPTIONS that
/// nobody takes, 204 with Allow. Not changed once it serves, and then thread safe.
class Router {
 public:
  /// `handling.captured` is filled in for each request. Throws InvalidError for a malformed
  /// pattern.
  Router& add(RequestMethod method, std::string_view pattern, Handling handling);

  Handling route(const ServerRequest& request) const;
  /// Of the first route that fits; nothing where none does, so that another router may be asked.
  std::optional<Handling> find(const ServerRequest& request) const;
  Handling operator()(const ServerRequest& request) const { return route(request); }

  struct Listed {
    RequestMethod method;
    std::string pattern;
  };
  /// What was added, in that order.
  std::vector<Listed> list() const;

 private:
  struct Route {
    RequestMethod method;
    std::string text;  ///< of the pattern
    PathPattern pattern;
    Handling handling;
  };
  std::vector<Route> routes_;
};

}  // namespace grange
