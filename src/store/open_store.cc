#include "store/open_store.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "store/binary_cache.h"
#include "store/directory_storage.h"
#include "store/open_remote_store.h"
#include "store/store_parameters.h"

namespace grange {
namespace {

constexpr std::uint64_t kMaxKeyFile = std::uint64_t{64} << 10;

using Parameters = StoreParameters;

std::vector<SecretKey> secret_keys(Parameters& parameters) {
  std::vector<std::string> files;
  if (const auto file = parameters.text("secret-key")) files.push_back(*file);
  if (const auto list = parameters.text("secret-keys")) {
    for (const auto file : split(*list, ',')) {
      if (!file.empty()) files.emplace_back(file);
    }
  }
  std::vector<SecretKey> keys;
  for (const auto& file : files) {
    keys.push_back(with_context([&] { return "while reading the secret key in '" + file + "'"; },
                                [&] { return SecretKey::parse(read_file(file, kMaxKeyFile)); }));
  }
  return keys;
}

BinaryCacheOptions cache_options(Parameters& parameters, const StoreOpening& opening) {
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
  options.fresh.priority = parameters.number("priority", 50);
  options.fresh.mass_queries = parameters.flag("want-mass-query", true);
  parameters.flag("trusted", false);  // of whom it is read by
  return options;
}

std::unique_ptr<Store> open_directory_cache(const StoreReference& reference, Parameters& parameters,
                                            const StoreOpening& opening) {
  if (!reference.authority.starts_with('/')) {
    throw InvalidError("specified file:///DIRECTORY, got '" + printable(reference.authority) + "'");
  }
  const auto options = cache_options(parameters, opening);
  return BinaryCache::open(open_directory_storage(reference.authority, {.sync = opening.local.sync,
                                                                        .create = opening.write}),
                           options, opening.store_dir);
}

std::unique_ptr<Store> open_local(const StoreReference& reference, Parameters& parameters,
                                  const StoreOpening& opening) {
  auto root = parameters.text("root").value_or("/");
  if (!reference.authority.empty()) root = reference.authority;
  LocalStoreOptions options = opening.local;
  options.read_only = !opening.write;
  parameters.flag("trusted", false);
  return LocalStore::open(
      StoreLocation::at_root(std::filesystem::absolute(root), opening.store_dir), options);
}

}  // namespace

std::unique_ptr<Store> open_store(const StoreReference& reference, const StoreOpening& opening) {
  return with_context(
      [&] { return "while opening the store '" + printable(reference.to_string()) + "'"; },
      [&]() -> std::unique_ptr<Store> {
        if (is_remote_store(reference)) return open_remote_store(reference, opening);
        Parameters parameters(reference);
        std::unique_ptr<Store> store;
        if (reference.scheme == "file") {
          store = open_directory_cache(reference, parameters, opening);
        } else if (reference.scheme == "local" || reference.scheme == "auto") {
          store = open_local(reference, parameters, opening);
        } else {
          throw InvalidError("stores at " + reference.scheme + ":// cannot be opened yet");
        }
        parameters.warn_of_others(opening.warn);
        return store;
      });
}

}  // namespace grange
