#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/stream.h"

namespace grange {

/// The digest of content modulo the hash part of its own path: each occurrence counts as zero
/// bytes, and all their offsets follow the content ("|OFFSET"; nix-store.md §5.3, as Nix 2.8 and
/// 2.35 have it). Without any occurrence it is the plain digest.
class SelfReferenceHasher final : public Sink {
 public:
  SelfReferenceHasher(HashAlgorithm algorithm, std::string_view hash_part)
      : hasher_(algorithm), hash_part_(hash_part) {}
  void write(std::string_view data) override;
  Hash finish();

 private:
  Hasher hasher_;
  std::string hash_part_;
  std::string pending_;  ///< not hashed yet: an occurrence may begin in it
  std::uint64_t hashed_ = 0;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace grange
