#include "daemon/cache_server.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "daemon/cache_index_page.h"
#include "daemon/cache_response.h"
#include "http/conditional.h"

namespace grange {
namespace {

constexpr std::string_view kMethods = "GET, HEAD, OPTIONS, PUT";
/// Restoring a large NAR takes its time; what is slow here is no longer the client.
constexpr std::chrono::minutes kLongestPut(60);

Handling answer_at_once(ServerResponse response) {
  Handling handling;
  handling.place = HandlerPlace::inline_on_io;
  // Handlers are copyable and called once.
  handling.run = [ready = std::make_shared<ServerResponse>(std::move(response))](HandlerCall&) {
    return std::move(*ready);
  };
  return handling;
}

ServerResponse not_here() {
  auto response = text_response(404, "this is not here");
  // It may be soon.
  response.headers.add("Cache-Control", "no-cache");
  return response;
}

ServerResponse with_allowed(ServerResponse response) {
  response.headers.add("Allow", kMethods);
  return response;
}

std::string url_of(const ServerRequest& request) {
  const std::string* host = request.headers.find("Host");
  // What stands in front says how it was asked itself.
  const bool is_secure = request.headers.get("X-Forwarded-Proto") == "https";
  return (is_secure ? "https://" : "http://") +
         (host == nullptr || host->empty() ? std::string("HOST") : printable(*host));
}

}  // namespace

CacheServer::CacheServer(std::vector<std::unique_ptr<CacheSite>> sites, CacheServerOptions options)
    : sites_(std::move(sites)), options_(std::move(options)) {
  if (sites_.empty()) throw InvalidError("there is no store to serve");
  info_.store_dir = sites_.front()->store_dir();
  info_.priority = options_.priority;
  info_.mass_queries = true;
  for (const auto& site : sites_) {
    if (site->store_dir() == info_.store_dir) continue;
    throw InvalidError("one of the stores is for '" + info_.store_dir.str() + "', another for '" +
                       site->store_dir().str() + "': a cache has one store directory");
  }
}

Handling CacheServer::dispatch(const ServerRequest& request) const {
  auto handling = handle(request);
  if (options_.access_log) {
    handling.run = [&log = options_.access_log, run = std::move(handling.run)](HandlerCall& call) {
      ServerResponse response;
      try {
        response = run(call);
      } catch (const std::exception& error) {
        log(call.request, error_response(error).status);
        throw;
      }
      log(call.request, response.status);
      return response;
    };
  }
  return handling;
}

Handling CacheServer::handle(const ServerRequest& request) const {
  if (request.method == RequestMethod::options) {
    ServerResponse response;
    response.status = 204;
    return answer_at_once(with_allowed(std::move(response)));
  }
  std::optional<CacheName> name;
  try {
    name = CacheName::parse(request.target.path);
  } catch (const InvalidError& error) {
    return answer_at_once(text_response(400, error.message()));
  }
  if (!name) return answer_at_once(text_response(404, "a binary cache has nothing of this name"));
  switch (request.method) {
    case RequestMethod::get:
    case RequestMethod::head:
      return read(request, *std::move(name));
    case RequestMethod::put:
      return upload(request, *std::move(name));
    default:
      return answer_at_once(with_allowed(text_response(405, "this method is not allowed here")));
  }
}

Handling CacheServer::read(const ServerRequest& request, CacheName name) const {
  const auto at_hand = [&](ServerResponse response) {
    return answer_at_once(apply_conditions(request, std::move(response)));
  };
  if (name.kind == CacheName::Kind::index || name.kind == CacheName::Kind::cache_info) {
    auto text = name.kind == CacheName::Kind::index ? page(request) : info_.print();
    const auto tag = tag_of_text(text);
    return at_hand(cache_response(name.kind, std::move(text), tag));
  }
  // The sites before this one are known not to have it.
  std::size_t begin = 0;
  for (; begin < sites_.size(); ++begin) {
    auto seen = sites_[begin]->glance(name);
    if (seen.state == CacheGlance::State::has) return at_hand(std::move(seen.response));
    if (seen.state == CacheGlance::State::must_look) break;
  }
  if (begin == sites_.size()) return answer_at_once(not_here());
  Handling handling;
  handling.run = [this, begin, name = std::move(name)](HandlerCall& call) {
    for (std::size_t i = begin; i < sites_.size(); ++i) {
      if (auto found = sites_[i]->find(name)) {
        return apply_conditions(call.request, *std::move(found));
      }
    }
    return not_here();
  };
  return handling;
}

Handling CacheServer::upload(const ServerRequest& request, CacheName name) const {
  if (!options_.tokens) return answer_at_once(text_response(403, "this cache takes no uploads"));
  if (!options_.tokens->accept(request.headers.get("Authorization"))) {
    auto response = text_response(401,
                                  "a token is specified for uploads, as a bearer token or as "
                                  "the password; got none that is known here");
    response.headers.add("WWW-Authenticate", "Basic realm=\"uploads\"");
    return answer_at_once(std::move(response));
  }
  const std::string coding = request.headers.list("Content-Encoding");
  if (!coding.empty() && !equal_ignoring_case(coding, "identity")) {
    return answer_at_once(text_response(415, "uploads with a Content-Encoding are not taken"));
  }
  CacheSite& site = *sites_.front();
  const auto taken = site.takes(name.kind);
  if (!taken) return answer_at_once(text_response(403, "this cannot be put here"));
  Handling handling;
  handling.body = taken->mode;
  handling.body_limit = taken->limit;
  if (taken->mode == BodyMode::text) handling.timeout = kLongestPut;
  handling.run = [&site, name = std::move(name)](HandlerCall& call) {
    try {
      return site.put(name, call);
    } catch (const InvalidError& error) {
      // The request is well-formed; what it brings is not.
      return text_response(422, error.message());
    }
  };
  return handling;
}

std::string CacheServer::page(const ServerRequest& request) const {
  return print_cache_page(
      {url_of(request), info_, options_.public_keys, options_.tokens.has_value()});
}

}  // namespace grange
