#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "derivation/drv_output.h"
#include "derivation/store_path.h"

namespace grange {

/// What a path of a binary cache names (nix-store.md §7.1).
struct CacheName {
  enum class Kind { index, cache_info, narinfo, listing, nar, log, realisation, debug_info };

  Kind kind = Kind::index;
  std::string key{};                      ///< where a directory keeps it: "nar/….nar.xz"
  std::string hash_part{};                ///< of a narinfo or a listing
  std::optional<StorePath> derivation{};  ///< of a log
  std::optional<DrvOutput> output{};      ///< of a realisation

  /// From a decoded path, "/nar/….nar.xz". Nothing for what no cache has; InvalidError for what
  /// looks like one of these and is malformed, or leads out of the cache.
  static std::optional<CacheName> parse(std::string_view path);
};

/// "text/x-nix-narinfo", for example.
std::string_view media_type(CacheName::Kind kind) noexcept;

}  // namespace grange
