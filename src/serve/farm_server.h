#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/signature.h"
#include "daemon/cache_server.h"
#include "farm/farm.h"
#include "farm/farm_actions.h"
#include "http/http_server.h"
#include "http/url.h"
#include "serve/account_service.h"
#include "serve/api_context.h"
#include "serve/openapi.h"
#include "serve/server_facts.h"

namespace grange {

class FarmDaemon;

struct FarmServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: one that is free
  AccountOptions accounts;
  std::filesystem::path key_file;      ///< of the cache's signatures; made where it is missing
  std::string key_name;                ///< of a key that is made
  const FarmDaemon* daemon = nullptr;  ///< of the same farm
  std::function<void(const std::string&)> warn = [](const std::string&) {};
  /// Answers in the place of the API's routes, which it may ask (pages/farm_pages.h); nothing: they
  /// answer. Both outlive what it returns.
  std::function<Dispatch(const Router&, const ApiContext&)> pages;
};

/// All routes but those of the cache. `context` must outlive the router.
void add_farm_routes(Router& router, const ApiContext& context);

/// The farm over HTTP: the API, signing in, live events, logs, and its cache below /cache, signed.
/// Serves from its construction to its destruction.
class FarmServer {
 public:
  FarmServer(Farm& farm, const Clock& clock, FarmServerOptions options);
  ~FarmServer();

  std::uint16_t port() const;
  FarmActions& actions() { return actions_; }
  const PublicKey& public_key() const { return public_key_; }
  /// The path and fragment of the one-time link of the first administrator; nothing where there is
  /// one.
  std::optional<std::string> setup_secret();
  /// Lets what is being answered end.
  void stop(std::chrono::milliseconds grace);

 private:
  Handling dispatch(const ServerRequest& request) const;

  const FarmServerOptions options_;
  const SecretKey key_;
  const PublicKey public_key_;
  ServerFacts facts_;
  const ApiDescription description_ = ApiDescription::of_all();
  FarmActions actions_;
  FollowerSeats followers_;
  AccountService accounts_;
  ApiContext context_;
  CacheServer cache_;
  Router router_;
  Dispatch answers_;                    ///< all but the cache
  std::unique_ptr<HttpServer> server_;  ///< last
};

}  // namespace grange
