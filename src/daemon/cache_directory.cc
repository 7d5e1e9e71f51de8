#include "daemon/cache_directory.h"

#include <set>
#include <utility>

#include <sys/stat.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "daemon/cache_response.h"
#include "daemon/cache_signing.h"
#include "http/file_version.h"
#include "store/directory_storage.h"

namespace grange {
namespace {

constexpr std::string_view kCacheInfoKey = "nix-cache-info";
constexpr std::uint64_t kLargestInfo = std::uint64_t{64} << 10;
/// Files up to this are sent in one piece with their head, which costs less than sendfile.
constexpr std::uint64_t kLargestText = std::uint64_t{32} << 10;
constexpr std::size_t kMemory = std::size_t{16} << 20;

// What may be put.
constexpr std::uint64_t kLargestNar = std::uint64_t{1} << 40;
constexpr std::uint64_t kLargestListing = std::uint64_t{256} << 20;
constexpr std::uint64_t kLargestLog = std::uint64_t{1} << 30;
constexpr std::uint64_t kLargestJson = std::uint64_t{1} << 20;

/// Small, and asked for again and again.
bool is_remembered(CacheName::Kind kind) {
  return kind == CacheName::Kind::narinfo || kind == CacheName::Kind::realisation;
}

std::string tag_of(const FileBody& file) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((file.version >> shift) & 0xff);
  }
  return base16_encode(as_bytes(bytes));
}

}  // namespace

CacheDirectory::CacheDirectory(const std::filesystem::path& directory, Options options)
    : directory_(directory),
      options_(std::move(options)),
      storage_(open_directory_storage(directory, {options_.sync, options_.uploads})),
      info_(options_.fresh),
      memory_(kMemory) {
  const std::string key(kCacheInfoKey);
  if (const auto text = storage_->read(key, kLargestInfo)) {
    info_ = CacheInfo::parse(*text);
  } else if (options_.uploads) {
    storage_->write(key, info_.print(), media_type(CacheName::Kind::cache_info));
  }
}

bool CacheDirectory::is_signed_here(const CacheName& name) const {
  return !options_.keys.empty() &&
         (name.kind == CacheName::Kind::narinfo || name.kind == CacheName::Kind::realisation);
}

std::string CacheDirectory::signed_text(const CacheName& name, const std::string& text) const {
  if (name.kind == CacheName::Kind::realisation) {
    auto realisation = Realisation::parse(text);
    sign_with_all(options_.keys, realisation);
    return realisation.to_json();
  }
  auto narinfo = parse_narinfo(store_dir(), text);
  sign_with_all(store_dir(), options_.keys, narinfo.info);
  return print_narinfo(store_dir(), narinfo);
}

CacheGlance CacheDirectory::glance(const CacheName& name) {
  const auto path = directory_ / name.key;
  if (is_remembered(name.kind)) {
    // To look whether it is still the same costs a quarter of opening and reading it; it was looked
    // at before, so its inode is at hand.
    if (const auto version = memory_.version_of(name.key)) {
      struct stat status {};
      const bool is_same = ::stat(path.c_str(), &status) == 0 && file_version(status) == *version;
      const auto known = is_same ? memory_.find(name.key, *version) : nullptr;
      if (known) {
        return {CacheGlance::State::has, cache_response(name.kind, *known->text, known->tag)};
      }
    }
  }
  auto seen = FileBody::glance(path);
  if (seen.state == FileGlance::State::unknown) return {};
  if (seen.state == FileGlance::State::not_there) return {CacheGlance::State::has_not};
  if (is_signed_here(name)) return {};
  std::string tag = tag_of(seen.body);
  if (seen.body.length > kLargestText) {
    return {CacheGlance::State::has, cache_response(name.kind, std::move(seen.body), tag)};
  }
  auto text = seen.body.text_at_hand();
  if (!text) return {};
  if (is_remembered(name.kind)) {
    memory_.put(name.key, seen.body.version,
                std::make_shared<const RememberedText>(RememberedText{*text, tag}));
  }
  return {CacheGlance::State::has, cache_response(name.kind, *std::move(text), tag)};
}

std::optional<ServerResponse> CacheDirectory::find(const CacheName& name) {
  FileBody file;
  try {
    file = FileBody::open(directory_ / name.key);
  } catch (const NotFoundError&) {
    return std::nullopt;
  }
  if (!is_signed_here(name)) {
    const std::string tag = tag_of(file);
    return cache_response(name.kind, std::move(file), tag);
  }
  FdSource source(file.file->get());
  const auto text = signed_text(name, read_all(source, kMaxNarInfoSize));
  memory_.put(name.key, file.version,
              std::make_shared<const RememberedText>(RememberedText{text, tag_of_text(text)}));
  return cache_response(name.kind, text, tag_of_text(text));
}

std::optional<CacheSite::Upload> CacheDirectory::takes(CacheName::Kind kind) const {
  if (!options_.uploads) return std::nullopt;
  switch (kind) {
    case CacheName::Kind::narinfo:
      return Upload{BodyMode::text, kMaxNarInfoSize};
    case CacheName::Kind::realisation:
      return Upload{BodyMode::text, kLargestJson};
    case CacheName::Kind::cache_info:
      return Upload{BodyMode::text, kLargestInfo};
    case CacheName::Kind::nar:
      return Upload{BodyMode::source, kLargestNar};
    case CacheName::Kind::listing:
      return Upload{BodyMode::source, kLargestListing};
    case CacheName::Kind::log:
      return Upload{BodyMode::source, kLargestLog};
    case CacheName::Kind::debug_info:
      return Upload{BodyMode::source, kLargestJson};
    case CacheName::Kind::index:
      return std::nullopt;
  }
  return std::nullopt;
}

ServerResponse CacheDirectory::put(const CacheName& name, HandlerCall& call) {
  put_checked(name, call);
  ServerResponse response;
  response.status = 201;
  return response;
}

void CacheDirectory::put_checked(const CacheName& name, HandlerCall& call) {
  switch (name.kind) {
    case CacheName::Kind::nar:
      return put_nar(*storage_, name, *call.source);
    case CacheName::Kind::narinfo: {
      const auto narinfo = check_narinfo(store_dir(), name, call.text);
      std::error_code missing;
      const auto size = std::filesystem::file_size(directory_ / narinfo.url, missing);
      check_narinfo_file(narinfo, missing ? std::nullopt : std::optional<std::uint64_t>(size));
      for (const auto& reference : narinfo.info.references) {
        if (reference == narinfo.info.path) continue;
        if (storage_->has(std::string(reference.hash_part()) + ".narinfo")) continue;
        throw ConflictError("its reference '" + store_dir().print(reference) +
                            "' has to be put before");
      }
      return storage_->write(name.key, call.text, media_type(name.kind));
    }
    case CacheName::Kind::realisation: {
      const auto realisation = check_realisation(name, call.text);
      if (!storage_->has(std::string(realisation.out_path.hash_part()) + ".narinfo")) {
        throw ConflictError("'" + store_dir().print(realisation.out_path) +
                            "' has to be put before its realisation");
      }
      if (const auto text = storage_->read(name.key, kLargestJson)) {
        const auto known = Realisation::parse(*text);
        if (known.out_path != realisation.out_path) {
          throw ConflictError("this output is '" + store_dir().print(known.out_path) +
                              "' here already");
        }
      }
      return storage_->write(name.key, call.text, media_type(name.kind));
    }
    case CacheName::Kind::cache_info: {
      const auto info = CacheInfo::parse(call.text);
      if (info.store_dir != store_dir()) {
        throw ConflictError("this cache is for '" + store_dir().str() + "'");
      }
      return;  // what it says of itself is the server's affair
    }
    default:
      return put_object(*storage_, name, *call.source);
  }
}

}  // namespace grange
