#include "daemon/cache_store.h"

#include <set>
#include <utility>

#include "base/compression.h"
#include "base/error.h"
#include "daemon/cache_nar_name.h"
#include "daemon/cache_nar_writer.h"
#include "daemon/cache_response.h"
#include "daemon/cache_signing.h"
#include "daemon/cache_uploads.h"

namespace grange {
namespace {

constexpr std::size_t kStoreMemory = std::size_t{24} << 20;
constexpr std::size_t kLargestKept = std::size_t{256} << 10;

constexpr std::uint64_t kLargestStoreNar = std::uint64_t{1} << 40;
constexpr std::uint64_t kLargestStoreLog = std::uint64_t{256} << 20;
constexpr std::uint64_t kLargestStoreListing = std::uint64_t{256} << 20;
constexpr std::uint64_t kLargestRealisation = std::uint64_t{1} << 20;

std::shared_ptr<const RememberedText> remembered_text(std::optional<std::string> text) {
  auto tag = text ? tag_of_text(*text) : std::string();
  return std::make_shared<const RememberedText>(RememberedText{std::move(text), std::move(tag)});
}

Compression compression_of_upload(NarCompression compression) {
  switch (compression) {
    case NarCompression::none:
      return Compression::none;
    case NarCompression::bzip2:
      return Compression::bzip2;
    case NarCompression::xz:
      return Compression::xz;
    case NarCompression::zstd:
      return Compression::zstd;
    case NarCompression::brotli:
      return Compression::brotli;
  }
  return Compression::none;
}

ServerResponse created_response() {
  ServerResponse response;
  response.status = 201;
  return response;
}

}  // namespace

CacheStore::CacheStore(std::shared_ptr<LocalStore> store, Options options)
    : store_(std::move(store)), options_(std::move(options)), memory_(kStoreMemory) {
  if (options_.uploads) {
    staging_ = std::make_unique<CacheStaging>(store_->location().own_state() / "cache-uploads");
  }
}

CacheGlance CacheStore::glance(const CacheName& name) {
  if (name.kind == CacheName::Kind::debug_info) return {CacheGlance::State::has_not};
  if (name.kind == CacheName::Kind::nar && !MadeNarName::try_parse(name.key)) {
    return {CacheGlance::State::has_not};
  }
  if (name.kind != CacheName::Kind::narinfo && name.kind != CacheName::Kind::listing) return {};
  const auto known = memory_.find(name.key, store_->changes());
  if (!known) return {};
  if (!known->text) return {CacheGlance::State::has_not};
  return {CacheGlance::State::has, cache_response(name.kind, *known->text, known->tag)};
}

std::optional<ServerResponse> CacheStore::find(const CacheName& name) {
  // Asked for before what is read: at worst the answer is forgotten too soon.
  const auto changes = store_->changes();
  const auto answer = [&](std::string text) {
    const auto tag = tag_of_text(text);
    return cache_response(name.kind, std::move(text), tag);
  };
  switch (name.kind) {
    case CacheName::Kind::narinfo:
    case CacheName::Kind::listing: {
      const auto made = name.kind == CacheName::Kind::narinfo ? narinfo(name) : listing(name);
      if (!made->text || made->text->size() <= kLargestKept) memory_.put(name.key, changes, made);
      if (!made->text) return std::nullopt;
      return cache_response(name.kind, *made->text, made->tag);
    }
    case CacheName::Kind::nar:
      return nar(name);
    case CacheName::Kind::log:
      if (auto log = store_->read_log(*name.derivation)) return answer(*std::move(log));
      return std::nullopt;
    case CacheName::Kind::realisation: {
      auto found = store_->realisations({*name.output});
      if (found.empty()) return std::nullopt;
      auto& realisation = found.begin()->second;
      sign_with_all(options_.keys, realisation);
      return answer(realisation.to_json());
    }
    default:
      return std::nullopt;
  }
}

std::shared_ptr<const RememberedText> CacheStore::narinfo(const CacheName& name) {
  auto info = store_->path_info_of_hash_part(name.hash_part);
  // Very old databases do not know every size, and no narinfo is without it.
  if (!info || info->nar_size == 0) return remembered_text(std::nullopt);
  sign_with_all(store_dir(), options_.keys, *info);
  NarInfo narinfo{*std::move(info), {}, options_.compression, std::nullopt, std::nullopt};
  const auto& told = narinfo.info;
  if (options_.compression == NarCompression::none) {
    narinfo.file_hash = told.nar_hash;
    narinfo.file_size = told.nar_size;
  }
  narinfo.url = MadeNarName{name.hash_part, told.nar_hash, options_.compression}.to_string();
  return remembered_text(print_narinfo(store_dir(), narinfo));
}

std::shared_ptr<const RememberedText> CacheStore::listing(const CacheName& name) {
  const auto info = store_->path_info_of_hash_part(name.hash_part);
  if (!info || info->nar_size == 0) return remembered_text(std::nullopt);
  return remembered_text(nar_listing_of(*store_, *info));
}

std::optional<ServerResponse> CacheStore::nar(const CacheName& name) {
  const auto made = MadeNarName::try_parse(name.key);
  if (!made) return std::nullopt;
  const auto info = store_->path_info_of_hash_part(made->hash_part);
  if (!info || info->nar_size == 0 || info->nar_hash != made->nar_hash) return std::nullopt;
  // Another library may pack the same NAR into other bytes, so only what is not packed has a tag.
  const bool is_packed = made->compression != NarCompression::none;
  return cache_response(name.kind, nar_body(*store_, *info, made->compression),
                        is_packed ? std::string() : made->nar_hash.digits(HashFormat::nix32));
}

std::optional<CacheSite::Upload> CacheStore::takes(CacheName::Kind kind) const {
  if (!options_.uploads) return std::nullopt;
  switch (kind) {
    case CacheName::Kind::narinfo:
      return Upload{BodyMode::text, kMaxNarInfoSize};
    case CacheName::Kind::realisation:
      return Upload{BodyMode::text, kLargestRealisation};
    case CacheName::Kind::nar:
      return Upload{BodyMode::source, kLargestStoreNar};
    case CacheName::Kind::listing:
      return Upload{BodyMode::source, kLargestStoreListing};
    case CacheName::Kind::log:
      return Upload{BodyMode::source, kLargestStoreLog};
    default:
      return std::nullopt;
  }
}

ServerResponse CacheStore::put(const CacheName& name, HandlerCall& call) {
  switch (name.kind) {
    case CacheName::Kind::narinfo:
      put_path(name, call);
      return created_response();
    case CacheName::Kind::nar:
      staging_->put(name, *call.source);
      return created_response();
    case CacheName::Kind::listing: {
      NullSink nowhere;
      drain(*call.source, nowhere);
      return text_response(200, "not kept: listings of this cache are made from its files");
    }
    case CacheName::Kind::log:
      store_->write_log(*name.derivation, read_all(*call.source, kLargestStoreLog));
      return created_response();
    case CacheName::Kind::realisation: {
      const auto realisation = check_realisation(name, call.text);
      if (!store_->is_valid(realisation.out_path)) {
        throw ConflictError("'" + store_dir().print(realisation.out_path) +
                            "' has to be put before its realisation");
      }
      const auto conflicts = store_->register_realisations({realisation});
      if (!conflicts.empty()) {
        throw ConflictError("this output is '" + store_dir().print(conflicts.front().kept) +
                            "' here already");
      }
      return created_response();
    }
    default:
      throw DeniedError("this is never put");
  }
}

void CacheStore::put_path(const CacheName& name, HandlerCall& call) {
  const auto narinfo = check_narinfo(store_dir(), name, call.text);
  const auto& info = narinfo.info;
  if (store_->is_valid(info.path)) {
    store_->add_signatures(info.path, info.signatures);
    if (FileNarName::try_parse(narinfo.url)) staging_->take_away(narinfo.url);
    return;
  }
  check_narinfo_file(narinfo, staging_->size(narinfo.url));
  auto references = info.references;
  references.erase(info.path);
  store_->add_temporary_roots(references);
  const auto valid = store_->valid_among(references);
  for (const auto& reference : references) {
    if (valid.contains(reference)) continue;
    throw ConflictError("its reference '" + store_dir().print(reference) +
                        "' has to be put before");
  }
  const auto packed = staging_->open(narinfo.url);
  try {
    store_->add(info, *nar_from_source(make_decompression_source(
                          compression_of_upload(narinfo.compression), *packed)));
  } catch (const CorruptError& error) {
    staging_->take_away(narinfo.url);
    throw InvalidError(error.message());
  }
  staging_->take_away(narinfo.url);
}

}  // namespace grange
