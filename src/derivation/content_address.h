#pragma once

#include <compare>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "derivation/store_path.h"

namespace grange {

/// How the content of a store object becomes a digest.
enum class ContentMethod : std::uint8_t { flat, recursive, text, git };

std::string_view to_string(ContentMethod method) noexcept;

/// A method and an algorithm, without a digest: what a floating output promises.
struct ContentMethodAlgorithm {
  ContentMethod method;
  HashAlgorithm algorithm;

  /// "sha1", "r:sha256", "text:sha256", "git:sha1": the form in a .drv. Throws InvalidError.
  static ContentMethodAlgorithm parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const ContentMethodAlgorithm&, const ContentMethodAlgorithm&) = default;
};

/// What a content-addressed store object is addressed by.
struct ContentAddress {
  ContentMethod method;
  Hash hash;

  /// "text:sha256:B32" or "fixed:[r:|git:]ALGO:B32": the `ca` field. Throws InvalidError.
  static ContentAddress parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const ContentAddress&, const ContentAddress&) = default;
};

/// What a store object refers to: others, and perhaps itself (which is only a flag).
struct References {
  std::set<StorePath> others;
  bool self = false;
};

/// nix-store.md §1.4. Throws InvalidError for references where the kind allows none.
StorePath make_content_addressed_path(const StoreDir& store, std::string_view name,
                                      const ContentAddress& address,
                                      const References& references = {});
/// The path of a text file (`toFile`, `.drv`).
StorePath make_text_path(const StoreDir& store, std::string_view name, std::string_view content,
                         const std::set<StorePath>& references);
/// The path of an input-addressed output, from the masked hash modulo.
StorePath make_output_path(const StoreDir& store, const Sha256& hash_modulo,
                           std::string_view output_name, std::string_view derivation_name);
/// "NAME" for out, "NAME-OUTPUT" otherwise.
std::string output_path_name(std::string_view derivation_name, std::string_view output_name);
/// The general rule: type ":sha256:" hex ":" store ":" name, folded.
StorePath make_store_path(const StoreDir& store, std::string_view type, const Sha256& inner,
                          std::string_view name);

}  // namespace grange
