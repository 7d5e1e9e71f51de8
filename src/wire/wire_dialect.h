#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "derivation/store_path.h"
#include "wire/protocol_version.h"

namespace grange {

// Features that both sides of a worker connection can announce from 1.38 on (nix-store.md §8.1).
inline constexpr std::string_view kFeatureRealisationWithPath = "realisation-with-path-not-hash";
inline constexpr std::string_view kFeatureDeadReferrers = "delete-dead-specific-referrers";
inline constexpr std::string_view kFeatureNoSetOptions = "disable-set-options";
inline constexpr std::string_view kFeatureAddScanning = "add-to-store-scanning";
inline constexpr std::string_view kFeatureSubmitOutput = "submit-output";

/// What a reader accepts; beyond it, CorruptError. Memory grows with what arrives, never with what
/// is only claimed.
struct WireLimits {
  std::uint64_t string = std::uint64_t{256} << 20;   ///< bytes of one string
  std::uint64_t items = std::uint64_t{1} << 24;      ///< of one list, set or map
  std::uint64_t message = std::uint64_t{512} << 20;  ///< bytes from one start_message() to the next
};

/// What both ends have agreed on, by which everything is read and written.
struct WireDialect {
  StoreDir store;
  ProtocolVersion version;                        ///< the lower of both
  std::set<std::string, std::less<>> features{};  ///< that both have; worker protocol only
  WireLimits limits{};

  /// Is the version's minor at least this?
  bool at_least(unsigned minor) const { return version.minor >= minor; }
  bool has(std::string_view feature) const { return features.contains(feature); }
};

}  // namespace grange
