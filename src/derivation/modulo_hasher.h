#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "derivation/aterm_reader.h"

namespace grange {

/// The two hashes of a derivation modulo how its fixed inputs are made (nix-store.md §4.1).
struct HashModulo {
  Sha256 masked;    ///< outputs blanked: makes output paths, and is the DrvOutput hash
  Sha256 unmasked;  ///< stands for the derivation in those that use it
};

/// The hash modulo of every impure derivation.
HashModulo impure_hash_modulo();

/// The hash modulo of a fixed output, from the "[r:]ALGO" and base-16 digest of its tuple and its
/// full path.
HashModulo fixed_hash_modulo(std::string_view method, std::string_view digest,
                             std::string_view path);

/// Computes the hash modulo of all others from the pieces of their text. Keeps its buffers from one
/// to the next; one per thread.
class ModuloHasher {
 public:
  /// `inputs[i]` is the unmasked hash modulo of `fields.inputs[i]`. Inputs with equal hashes become
  /// one, with the names of both.
  HashModulo hash(std::string_view text, const AtermFields& fields,
                  std::span<const Sha256* const> inputs);

  /// The text of which `hash` takes the SHA-256, masked or not.
  const std::string& text(std::string_view text, const AtermFields& fields,
                          std::span<const Sha256* const> inputs, bool masked);

 private:
  void collect_inputs(std::string_view text, const AtermFields& fields,
                      std::span<const Sha256* const> inputs);
  void collect_masks(std::string_view text, const AtermFields& fields);
  void assemble(std::string_view text, const AtermFields& fields, bool masked);

  /// An input by the first bytes of its hash, which nearly always decide the order.
  struct Place {
    std::uint64_t prefix;
    std::uint32_t input;
  };

  std::vector<Place> order_;
  std::vector<std::string_view> names_;
  std::string inputs_;           ///< the list of inputs by hash, without its brackets
  std::vector<TextSpan> masks_;  ///< what is blanked, in order of offset
  std::string assembled_;
};

}  // namespace grange
