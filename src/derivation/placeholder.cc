#include "derivation/placeholder.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/hash.h"
#include "derivation/content_address.h"

namespace grange {
namespace {

std::string placeholder(const std::string& clear_text) {
  return "/" + nix32_encode(sha256(clear_text));
}

}  // namespace

std::string output_placeholder(std::string_view output) {
  return placeholder(std::string("nix-output:").append(output));
}

std::string input_placeholder(const StorePath& derivation, std::string_view output) {
  return placeholder(std::string("nix-upstream-output:")
                         .append(derivation.hash_part())
                         .append(1, ':')
                         .append(output_path_name(derivation.derivation_name(), output)));
}

std::string dynamic_placeholder(std::string_view inner, std::string_view output) {
  const auto digest = inner.starts_with('/') ? nix32_decode(inner.substr(1)) : std::nullopt;
  if (!digest || digest->size() != sizeof(Sha256)) {
    throw InvalidError("'" + std::string(inner) + "' is not a placeholder");
  }
  return placeholder(std::string("nix-computed-output:")
                         .append(nix32_encode(fold_hash(*digest)))
                         .append(1, ':')
                         .append(output));
}

}  // namespace grange
