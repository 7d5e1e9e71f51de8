#include "daemon/cache_name.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "store/storage.h"

namespace grange {
namespace {

constexpr std::string_view kNarInfoEnd = ".narinfo";
constexpr std::string_view kListingEnd = ".ls";
constexpr std::string_view kNarBegin = "nar/";
constexpr std::string_view kLogBegin = "log/";
constexpr std::string_view kRealisationBegin = "realisations/";
constexpr std::string_view kRealisationEnd = ".doi";
constexpr std::string_view kDebugInfoBegin = "debuginfo/";
constexpr std::size_t kBuildIdLength = 40;

/// What of a path may stand in a message: long ones are cut.
std::string shown_key(std::string_view key) {
  constexpr std::size_t kShown = 100;
  return "'" + printable(key.substr(0, kShown)) + (key.size() > kShown ? "…'" : "'");
}

std::string hash_part_of(std::string_view text) {
  if (text.size() != StorePath::kHashLength || !std::all_of(text.begin(), text.end(), is_nix32)) {
    throw InvalidError("specified 32 digits of base 32, got " + shown_key(text));
  }
  return std::string(text);
}

/// Also for a directory: no hidden file is a part of a cache.
void check_nar_key(std::string_view key) {
  bool good = is_storage_key(key);
  for (const auto part : split(key, '/')) good = good && !part.starts_with('.');
  if (!good) throw InvalidError(shown_key(key) + " is no name of a NAR");
}

}  // namespace

std::optional<CacheName> CacheName::parse(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  const auto key = path.substr(1);
  CacheName name;
  name.key = key;
  if (key.empty() || key == "index.html") return name;
  const bool has_folder = key.find('/') != key.npos;
  if (key == "nix-cache-info") {
    name.kind = Kind::cache_info;
  } else if (!has_folder && key.ends_with(kNarInfoEnd)) {
    name.kind = Kind::narinfo;
    name.hash_part = hash_part_of(key.substr(0, key.size() - kNarInfoEnd.size()));
  } else if (!has_folder && key.ends_with(kListingEnd)) {
    name.kind = Kind::listing;
    name.hash_part = hash_part_of(key.substr(0, key.size() - kListingEnd.size()));
  } else if (key.starts_with(kNarBegin)) {
    name.kind = Kind::nar;
    check_nar_key(key);
  } else if (key.starts_with(kLogBegin)) {
    name.kind = Kind::log;
    name.derivation = StorePath::parse(key.substr(kLogBegin.size()));
  } else if (key.starts_with(kRealisationBegin) && key.ends_with(kRealisationEnd)) {
    name.kind = Kind::realisation;
    const auto begun = key.substr(kRealisationBegin.size());
    name.output = DrvOutput::parse(
        begun.substr(0, begun.size() - std::min(begun.size(), kRealisationEnd.size())));
    name.key =
        std::string(kRealisationBegin) + name.output->to_string() + std::string(kRealisationEnd);
    if (!is_storage_key(name.key) || split(name.key, '/').size() != 2) {
      throw InvalidError(shown_key(key) + " is no name of a realisation");
    }
  } else if (key.starts_with(kDebugInfoBegin)) {
    name.kind = Kind::debug_info;
    const auto id = key.substr(kDebugInfoBegin.size());
    if (id.size() != kBuildIdLength || !base16_decode(id)) {
      throw InvalidError("specified a build id of 40 hex digits, got " + shown_key(id));
    }
  } else {
    return std::nullopt;
  }
  return name;
}

std::string_view media_type(CacheName::Kind kind) noexcept {
  switch (kind) {
    case CacheName::Kind::index:
      return "text/html; charset=utf-8";
    case CacheName::Kind::cache_info:
      return "text/x-nix-cache-info";
    case CacheName::Kind::narinfo:
      return "text/x-nix-narinfo";
    case CacheName::Kind::nar:
      return "application/x-nix-nar";
    case CacheName::Kind::log:
      return "text/plain; charset=utf-8";
    case CacheName::Kind::listing:
    case CacheName::Kind::realisation:
    case CacheName::Kind::debug_info:
      return "application/json";
  }
  return "application/octet-stream";
}

}  // namespace grange
