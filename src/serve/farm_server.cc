#include "serve/farm_server.h"

#include <functional>
#include <stdexcept>

#include "base/error.h"
#include "base/file.h"
#include "daemon/cache_store.h"
#include "serve/account_routes.h"
#include "serve/api_routes.h"
#include "serve/hydra_routes.h"
#include "serve/safe_headers.h"

namespace grange {
namespace {

constexpr std::string_view kCachePrefix = "/cache/";
/// Those that wait for files and the database; of which so many may be a follower's, or a
/// stranger's who follows.
constexpr unsigned kThreads = 128;
constexpr std::size_t kFollowers = 96;
constexpr std::size_t kStrangersFollow = 64;
constexpr std::uint64_t kLargestKeyFile = 64 * 1024;

SecretKey load_or_make_key(const std::filesystem::path& file, const std::string& name) {
  if (const auto text = try_read_file(file, kLargestKeyFile)) {
    return with_context([&] { return "while reading the key in '" + file.string() + "'"; },
                        [&] { return SecretKey::parse(*text); });
  }
  auto key = SecretKey::generate(name);
  write_file(file, key.to_string() + "\n", Durability::synced, 0600);
  return key;
}

DatabaseAccess access_to(FarmDatabase& database) {
  return {[&database](const DatabaseAccess::Use& use) {
            database.read([&](Database& lent) {
              use(lent);
              return 0;
            });
          },
          [&database](const DatabaseAccess::Use& use) { database.write(use); }};
}

std::vector<std::unique_ptr<CacheSite>> sites_of(Farm& farm, const SecretKey& key) {
  CacheStore::Options options;
  options.keys.push_back(key);
  std::vector<std::unique_ptr<CacheSite>> sites;
  sites.push_back(std::make_unique<CacheStore>(
      std::shared_ptr<LocalStore>(farm.workshop().store().session()), std::move(options)));
  return sites;
}

CacheServerOptions cache_options(const PublicKey& key) {
  CacheServerOptions options;
  options.public_keys.push_back(key);
  return options;
}

}  // namespace

void add_farm_routes(Router& router, const ApiContext& context) {
  add_account_routes(router, context.accounts);
  add_project_routes(router, context);
  add_evaluation_routes(router, context);
  add_cause_routes(router, context);
  add_commit_routes(router, context);
  add_build_routes(router, context);
  add_step_routes(router, context);
  add_derivation_routes(router, context);
  add_derivation_graph_routes(router, context);
  add_store_path_routes(router, context);
  add_machine_routes(router, context);
  add_log_routes(router, context);
  add_product_routes(router, context);
  add_event_routes(router, context);
  add_target_routes(router, context);
  add_queue_routes(router, context);
  add_attention_routes(router, context);
  add_search_routes(router, context);
  add_system_routes(router, context);
  add_system_state_routes(router, context);
  add_hydra_routes(router, context);
}

FarmServer::FarmServer(Farm& farm, const Clock& clock, FarmServerOptions options)
    : options_(std::move(options)),
      key_(load_or_make_key(options_.key_file, options_.key_name)),
      public_key_(key_.public_key()),
      actions_(farm),
      followers_(kFollowers, kStrangersFollow),
      accounts_(access_to(farm.database()), clock, options_.accounts, {},
                [warn = options_.warn](const ServerRequest& request, const std::exception& error) {
                  warn("answering " + std::string(to_string(request.method)) + " " +
                       request.target.path + ": " + error.what());
                }),
      context_{farm, actions_, accounts_, followers_, description_, options_.daemon, &facts_},
      cache_(sites_of(farm, key_), cache_options(public_key_)) {
  facts_.started = clock.now();
  facts_.host = options_.host;
  const auto& base_url = options_.accounts.site.base_url;
  if (base_url) facts_.base_url = base_url->to_string();
  facts_.public_keys.push_back(public_key_.to_string());
  add_farm_routes(router_, context_);
  const auto differences = description_.differences(router_);
  if (!differences.empty()) throw std::logic_error(differences.front());
  answers_ = options_.pages ? options_.pages(router_, context_) : Dispatch(std::cref(router_));
  HttpServerOptions http;
  http.host = options_.host;
  http.port = options_.port;
  http.connections = 20'000;
  http.blocking_threads = kThreads;
  http.on_error = accounts_.report();
  server_ = std::make_unique<HttpServer>(
      http, [this](const ServerRequest& request) { return dispatch(request); });
  facts_.port = server_->port();
}

FarmServer::~FarmServer() = default;

std::uint16_t FarmServer::port() const {
  return server_->port();
}

std::optional<std::string> FarmServer::setup_secret() {
  return accounts_.new_setup_secret();
}

void FarmServer::stop(std::chrono::milliseconds grace) {
  server_->stop(grace);
}

Handling FarmServer::dispatch(const ServerRequest& request) const {
  if (!request.target.path.starts_with(kCachePrefix)) return with_safe_headers(answers_(request));
  ServerRequest within = request;
  within.target.path = request.target.path.substr(kCachePrefix.size() - 1);
  return with_safe_headers(cache_.dispatch(within));
}

}  // namespace grange
