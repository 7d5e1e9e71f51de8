#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "command/command.h"
#include "command/drv_command_files.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/listen_address.h"
#include "command/state_directory.h"
#include "daemon/cache_directory.h"
#include "daemon/cache_server.h"
#include "daemon/cache_store.h"
#include "http/http_server.h"
#include "store/store_reference.h"

namespace grange {
namespace {

struct CacheServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::vector<std::string> stores;
  std::vector<std::string> directories;
  std::vector<std::string> keys;
  std::string token_file;
  std::string port_file;
  std::string compression = "zstd";
  std::optional<std::int64_t> priority;
  bool sync = false;
  bool verbose = false;
};

constexpr std::uint64_t kLargestSecretFile = std::uint64_t{64} << 10;
constexpr std::int64_t kUsualPriority = 30;
constexpr std::chrono::seconds kServingGrace(10);
/// A client that takes a NAR slowly keeps one.
constexpr unsigned kCacheThreads = 128;

constexpr const char* kCacheServeFooter = R"(
Serves local stores and directories as one binary cache over HTTP; each object comes from the first
that has it, stores before directories. STORE is the root of a local store, or file:///DIRECTORY.
Of a local store every valid path is served, its NAR being made on the way; a directory's files are
sent as they are. Narinfos and realisations are signed with each --key on their way.

With --upload-token-file whoever sends one of its tokens (one in each line), as a bearer token or as
the password of any user, may upload into the first store: nix copy --to http://HOST:PORT with a
netrc file, for example. What is uploaded is not held to signatures.

There is no TLS: put a proxy in front of it where that is needed.

Examples:
  grange cache serve --listen 0.0.0.0:8080 --key /etc/cache.key
  grange cache serve --listen 127.0.0.1:8080 --upload-token-file tokens /srv/cache
  grange cache serve --listen 127.0.0.1:0 --port-file port --store / /srv/older-cache

Exit codes:
  0 stopped by SIGINT or SIGTERM · 64 usage · 65 malformed · 66 not there
  70 cannot listen there · 77 not permitted)";

std::vector<SecretKey> read_cache_keys(const CacheServeOptions& options) {
  std::vector<SecretKey> keys;
  for (const auto& file : options.keys) {
    keys.push_back(
        with_context([&] { return "while reading the secret key in '" + file + "'"; },
                     [&] { return SecretKey::parse(read_file(file, kLargestSecretFile)); }));
  }
  return keys;
}

/// What is served, and how its parts are opened.
class CacheSites {
 public:
  explicit CacheSites(const CacheServeOptions& options)
      : options_(options), keys_(read_cache_keys(options)), priority_(options.priority) {
    if (!options.token_file.empty()) {
      tokens_ = with_context(
          [&] { return "while reading the tokens in '" + options.token_file + "'"; },
          [&] { return UploadTokens::parse(read_file(options.token_file, kLargestSecretFile)); });
    }
    for (const auto& name : options.stores) add_named(StoreReference::parse(name));
    for (const auto& directory : options.directories) {
      add_directory(std::filesystem::absolute(directory));
    }
    if (sites_.empty()) add_store(default_store_root());
  }

  CacheServer server() {
    CacheServerOptions options;
    options.priority = priority_.value_or(kUsualPriority);
    options.tokens = tokens_;
    for (const auto& key : keys_) options.public_keys.push_back(key.public_key());
    if (options_.verbose) {
      options.access_log = [](const ServerRequest& request, int status) {
        std::fprintf(stderr, "%s %s %s %d\n", request.remote.c_str(),
                     std::string(to_string(request.method)).c_str(),
                     printable(request.target.path).c_str(), status);
      };
    }
    return {std::move(sites_), std::move(options)};
  }

 private:
  /// The first one, where there are tokens.
  bool takes_uploads() const { return tokens_ && sites_.empty(); }

  void add_named(const StoreReference& reference) {
    if (reference.scheme == "file") {
      add_directory(reference.authority);
    } else if (reference.scheme == "local" || reference.scheme == "auto") {
      const auto root = reference.parameters.find("root");
      if (!reference.authority.empty()) {
        add_store(reference.authority);
      } else {
        add_store(root == reference.parameters.end() ? "/" : root->second);
      }
    } else {
      throw InvalidError("--store: specified a local store or file:///DIRECTORY, got '" +
                         printable(reference.to_string()) + "'");
    }
  }

  void add_store(const std::filesystem::path& root) {
    CacheStore::Options options;
    options.keys = keys_;
    options.compression = *parse_nar_compression(options_.compression);
    options.uploads = takes_uploads();
    LocalStoreOptions local;
    local.read_only = !options.uploads;
    local.sync = options_.sync;
    sites_.push_back(std::make_unique<CacheStore>(
        LocalStore::open(StoreLocation::at_root(std::filesystem::absolute(root)), local),
        std::move(options)));
  }

  void add_directory(const std::filesystem::path& directory) {
    CacheDirectory::Options options;
    options.keys = keys_;
    options.uploads = takes_uploads();
    options.sync = options_.sync;
    options.fresh.priority = priority_.value_or(kUsualPriority);
    options.fresh.mass_queries = true;
    auto site = std::make_unique<CacheDirectory>(directory, std::move(options));
    if (sites_.empty() && !priority_) priority_ = site->info().priority;
    sites_.push_back(std::move(site));
  }

  const CacheServeOptions& options_;
  std::vector<SecretKey> keys_;
  std::optional<std::int64_t> priority_;
  std::optional<UploadTokens> tokens_;
  std::vector<std::unique_ptr<CacheSite>> sites_;
};

int run_cache_serve(const CacheServeOptions& options) {
  const auto address = ListenAddress::parse(options.listen);
  const InterruptWatch interrupt;
  CacheSites sites(options);
  const CacheServer cache = sites.server();
  HttpServerOptions http;
  http.host = address.host;
  http.port = address.port;
  http.blocking_threads = kCacheThreads;
  http.on_error = [](const ServerRequest& request, const std::exception& error) {
    std::fprintf(stderr, "grange: %s: %s\n", printable(request.target.path).c_str(),
                 printable(error.what()).c_str());
  };
  HttpServer server(http, [&](const ServerRequest& request) { return cache.dispatch(request); });
  const std::string port = std::to_string(server.port());
  if (!options.port_file.empty()) {
    write_file(options.port_file, port + "\n");
  } else if (address.port == 0) {
    grange::print_result(port + "\n");
    std::fflush(stdout);
  }
  std::fprintf(stderr, "grange: serving at %s/\n", address.url(server.port()).c_str());
  interrupt.wait();
  server.stop(kServingGrace);
  return kExitGood;
}

void add_cache_serve(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("serve", "Serve stores as a binary cache over HTTP");
  const auto options = std::make_shared<CacheServeOptions>();
  command->add_option("--listen", options->listen, "Where to listen; port 0: one that is free")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command
      ->add_option("--store", options->stores,
                   "A local store or file:///DIRECTORY (repeatable; default: the store in the "
                   "state directory)")
      ->type_name("STORE")
      ->allow_extra_args(false);
  command->add_option("directory", options->directories, "Directories that are binary caches")
      ->type_name("DIR");
  command->add_option("--key", options->keys, "Sign with this secret key too (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--upload-token-file", options->token_file,
                   "Take uploads into the first store from whoever knows a token in here")
      ->type_name("FILE");
  command
      ->add_option("--priority", options->priority,
                   "What clients order caches by, smaller first (default: what the first "
                   "directory says, else 30)")
      ->type_name("N");
  command
      ->add_option("--compression", options->compression,
                   "How NARs of local stores are packed on their way")
      ->check(CLI::IsMember({"zstd", "none"}))
      ->capture_default_str();
  command
      ->add_option("--port-file", options->port_file,
                   "Write the port here (default: to standard output, where it was 0)")
      ->type_name("FILE");
  command->add_flag("--sync", options->sync, "What was uploaded is on disk before it is answered");
  command->add_flag("-v,--verbose", options->verbose, "A line on stderr for every request");
  command->footer(kCacheServeFooter);
  command->callback(
      [options, &chosen] { chosen = [options] { return run_cache_serve(*options); }; });
}

}  // namespace

void add_cache_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("cache", "Be a binary cache for others");
  command->require_subcommand(1);
  add_cache_serve(*command, chosen);
}

}  // namespace grange
