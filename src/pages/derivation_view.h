#pragma once

#include <string>

#include "derivation/derivation.h"
#include "pages/page_site.h"

namespace grange {

/// A derivation as a page reads it.
struct ShownDerivation {
  ApiJson json;           ///< what the API says of it
  std::string base_name;  ///< DIGEST-NAME.drv
  std::string store;      ///< "/nix/store"
  Derivation derivation;
};

/// By its file name or its number. Throws NotFoundError for what is not there, or not seen.
ShownDerivation read_derivation(const PageCall& call, const std::string& name);

/// {"arguments", "variables", "outputs", "sources", "builder", "structured"}, with links for paths.
ApiJson recipe_view(const ShownDerivation& shown);

/// Two derivations field by field: {"fields", "inputs", "sources", "same", "pathsOnly"}.
ApiJson recipe_difference_view(const PageCall& call, const ShownDerivation& base,
                               const ShownDerivation& head);

/// What an output promises, in words: "sha256:… (flat)".
std::string promise_text(const DerivationOutput& output);

}  // namespace grange
