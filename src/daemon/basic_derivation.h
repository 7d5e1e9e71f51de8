#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "daemon/wish_granter.h"
#include "wire/wire_derivation.h"

namespace grange {

/// A derivation that a client sends to be built as it is, without input derivations.
struct BasicDerivation {
  StorePath path;  ///< recomputed where it is complete, else as the client says
  Derivation derivation;
  std::string text;  ///< its ATerm
  /// Do its output paths follow from itself alone? Those of others have only the client's word,
  /// and may clash with anybody's.
  bool complete = false;
  std::optional<Sha256> hash{};  ///< by which its outputs' realisations are known

  /// Throws InvalidError for one that states paths that cannot be, or none.
  static BasicDerivation check(const StoreDir& store, const WireDerivation& sent);
};

/// Builds one that is not complete, in a node of its own: it meets nobody else's work but by the
/// locks of its outputs. What fails is a value.
GrantedWish build_basic(LocalStore& session, WishGranter& builds, const BasicDerivation& basic,
                        const BuildTerms& terms, BuildListener& listener,
                        const std::stop_token& stop);

}  // namespace grange
