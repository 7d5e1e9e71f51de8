#include "store/open_cache.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/signature.h"
#include "base/text.h"
#include "http/netrc.h"
#include "store/directory_storage.h"
#include "store/http_object_storage.h"
#include "store/http_storage.h"
#include "store/lookup_cache.h"
#include "store/s3_storage.h"

namespace grange {
namespace {

constexpr std::uint64_t kMaxNetrcSize = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxTokenSize = std::uint64_t{64} << 10;

std::vector<SecretKey> secret_keys(StoreParameters& parameters) {
  std::vector<SecretKey> keys;
  if (const auto file = parameters.text("secret-key")) keys.push_back(read_secret_key(*file));
  if (const auto list = parameters.text("secret-keys")) {
    for (const auto file : split(*list, ',')) {
      if (!file.empty()) keys.push_back(read_secret_key(file));
    }
  }
  return keys;
}

BinaryCacheOptions cache_options(StoreParameters& parameters, const StoreOpening& opening) {
  BinaryCacheOptions options;
  const auto compression = parameters.text("compression").value_or("xz");
  const auto known = parse_nar_compression(compression);
  if (!known || *known == NarCompression::brotli) {
    throw InvalidError("parameter 'compression': specified none, xz, zstd or bzip2, got '" +
                       printable(compression) + "'");
  }
  options.compression = *known;
  options.level = std::max(parameters.number("compression-level", 0), 0);
  options.threads = parameters.flag("parallel-compression", false) ? processor_count() : 1;
  options.listings = parameters.flag("write-nar-listing", false);
  options.keys = secret_keys(parameters);
  options.fresh.store_dir = opening.store_dir;
  options.fresh.mass_queries = parameters.flag("want-mass-query", true);
  options.priority = parameters.number("priority");
  parameters.flag("trusted", false);  // of whom it is read by
  return options;
}

std::unique_ptr<Storage> directory_storage(const StoreReference& reference,
                                           const StoreOpening& opening) {
  if (!reference.authority.starts_with('/')) {
    throw InvalidError("specified file:///DIRECTORY, got '" + printable(reference.authority) + "'");
  }
  return open_directory_storage(reference.authority,
                                {.sync = opening.local.sync, .create = opening.write});
}

/// The file that was named; else the one that Nix reads, where there is one.
Netrc netrc_of(StoreParameters& parameters, const StoreOpening& opening) {
  auto named = parameters.text("netrc-file").value_or(opening.remote.netrc_file.string());
  std::string text;
  if (!named.empty()) {
    text = read_file(named, kMaxNetrcSize);
  } else {
    const auto& environment = opening.remote.environment;
    const auto directory = environment.find("NIX_CONF_DIR");
    named = (directory == environment.end() ? "/etc/nix" : directory->second) + "/netrc";
    text = try_read_file(named, kMaxNetrcSize).value_or("");
  }
  return with_context([&] { return "while reading '" + named + "'"; },
                      [&] { return Netrc::parse(text); });
}

std::unique_ptr<Storage> http_storage(const StoreReference& reference, StoreParameters& parameters,
                                      const StoreOpening& opening) {
  HttpStorageOptions options;
  options.client = storage_client_options();
  options.client.netrc = netrc_of(parameters, opening);
  options.stop = opening.remote.stop;
  if (const auto file = parameters.text("bearer-token-file")) {
    options.bearer_token = trim(read_file(*file, kMaxTokenSize));
  }
  return open_http_storage(Url::parse(reference.scheme + "://" + reference.authority),
                           std::move(options));
}

bool is_bucket_name(std::string_view text) {
  return text.size() >= 2 && text.size() <= 255 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

/// As Nix names what is to be said of a bucket. Without an endpoint it is one of Amazon's.
S3Place s3_place(const StoreReference& reference, StoreParameters& parameters,
                 const AwsSettings& settings) {
  const auto slash = reference.authority.find('/');
  const auto bucket = reference.authority.substr(0, slash);
  std::string_view prefix = reference.authority;
  prefix.remove_prefix(slash == prefix.npos ? prefix.size() : slash);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!is_bucket_name(bucket) || (!prefix.empty() && !is_storage_key(prefix))) {
    throw InvalidError("specified s3://BUCKET or s3://BUCKET/PREFIX, got '" +
                       printable(reference.authority) + "'");
  }
  const auto region = parameters.text("region");
  const auto known_region = region ? region : aws_region(settings);
  const auto scheme = parameters.text("scheme").value_or("https");
  const auto specified = parameters.text("endpoint").value_or("");
  const auto style = parameters.text("addressing-style").value_or("auto");
  if (style != "auto" && style != "path" && style != "virtual") {
    throw InvalidError("parameter 'addressing-style': specified auto, path or virtual, got '" +
                       printable(style) + "'");
  }
  const auto shown_region = known_region.value_or("us-east-1");
  auto endpoint = specified.empty() ? "s3." + shown_region + ".amazonaws.com" : specified;
  if (endpoint.find("://") == endpoint.npos) endpoint = scheme + "://" + endpoint;
  auto url = Url::parse(endpoint);
  if ((url.scheme() != "http" && url.scheme() != "https") || url.query_text() ||
      (!url.path().empty() && url.path() != "/")) {
    throw InvalidError("parameter 'endpoint': specified a host or an http or https URL of one");
  }
  // No certificate covers a name with dots in front of the host.
  const bool in_host = style == "virtual" ||
                       (style == "auto" && specified.empty() && bucket.find('.') == bucket.npos);
  return {bucket, std::string(prefix), url.with_path(""), shown_region, in_host};
}

std::unique_ptr<Storage> s3_storage(const StoreReference& reference, StoreParameters& parameters,
                                    const StoreOpening& opening) {
  S3StorageOptions options{.client = storage_client_options(), .credentials = {}};
  options.credentials.environment = opening.remote.environment;
  options.credentials.profile = parameters.text("profile");
  options.multipart = parameters.flag("multipart-upload", true);
  if (const auto size = parameters.number("buffer-size")) {
    options.part_size = static_cast<std::uint64_t>(std::max(*size, 0));
  }
  options.stop = opening.remote.stop;
  auto place = s3_place(reference, parameters, options.credentials);
  return open_s3_storage(std::move(place), std::move(options));
}

std::unique_ptr<Storage> remote_storage(const StoreReference& reference,
                                        StoreParameters& parameters, const StoreOpening& opening) {
  if (reference.scheme == "s3") return s3_storage(reference, parameters, opening);
  return http_storage(reference, parameters, opening);
}

}  // namespace

bool is_cache_scheme(std::string_view scheme) {
  return scheme == "file" || scheme == "http" || scheme == "https" || scheme == "s3";
}

std::unique_ptr<BinaryCache> open_cache(const StoreReference& reference,
                                        StoreParameters& parameters, const StoreOpening& opening) {
  auto options = cache_options(parameters, opening);
  if (reference.scheme == "file") {
    return BinaryCache::open(directory_storage(reference, opening), options, opening.store_dir);
  }
  options.must_exist = !opening.write;
  auto storage = remote_storage(reference, parameters, opening);
  if (const auto& lookups = opening.remote.lookups) {
    storage = remember_lookups(std::move(storage), lookups, !opening.write);
  }
  return BinaryCache::open(std::move(storage), options, opening.store_dir);
}

}  // namespace grange
