#pragma once

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "derivation/derivation.h"

namespace grange {

/// The name of what a derivation promises to produce: derivations with equal ids are equivalent.
/// The format is docs/formats/output-set.md. 32 bytes; prints as 64 hex digits.
class OutputSetId {
 public:
  explicit OutputSetId(const Sha256& bytes) : bytes_(bytes) {}
  /// 64 hex digits. Throws InvalidError.
  static OutputSetId parse(std::string_view hex);
  const Sha256& bytes() const noexcept { return bytes_; }
  std::string to_string() const { return base16_encode(bytes_); }
  friend auto operator<=>(const OutputSetId&, const OutputSetId&) = default;

 private:
  Sha256 bytes_;
};

/// One output of a promise, with everything recomputed: never what a .drv states.
struct PromisedOutput {
  std::string_view name;
  DerivationKind kind;                      ///< decides which of the following are read
  const StorePath* path = nullptr;          ///< input-addressed, fixed
  const ContentAddress* address = nullptr;  ///< fixed
  const Sha256* hash_modulo = nullptr;      ///< floating and deferred: the masked hash modulo
};

/// Rule 1 of the rules of identity. `outputs` must be sorted bytewise by name, none impure.
OutputSetId compute_output_set_id(const StoreDir& store, std::span<const PromisedOutput> outputs);

}  // namespace grange

template <>
struct std::hash<grange::OutputSetId> {
  std::size_t operator()(const grange::OutputSetId& id) const noexcept {
    std::size_t value = 0;  // the id is a digest: its first bytes are as good as any
    for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | id.bytes()[i];
    return value;
  }
};
