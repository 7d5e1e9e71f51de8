#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "derivation/content_address.h"
#include "derivation/store_path.h"

namespace grange {

/// What a store knows of one valid store object.
struct PathInfo {
  explicit PathInfo(StorePath of, Hash nar) : path(std::move(of)), nar_hash(nar) {}

  StorePath path;
  Hash nar_hash;                   ///< SHA-256 of the NAR
  std::uint64_t nar_size = 0;      ///< bytes of the NAR
  std::set<StorePath> references;  ///< may contain `path` itself
  std::optional<StorePath> deriver;
  std::int64_t registration_time = 0;  ///< seconds since 1970; 0: when it is registered
  bool ultimate = false;               ///< built here, not copied from elsewhere
  std::vector<std::string> signatures;
  std::optional<ContentAddress> content_address;
};

}  // namespace grange
