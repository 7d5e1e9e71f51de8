#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/api_json.h"

namespace grange {

/// A piece of a text; where it is a path of the store, the page of that.
struct LinkedPiece {
  std::string text;
  std::string url;  ///< empty: none
  friend bool operator==(const LinkedPiece&, const LinkedPiece&) = default;
};

/// The page of a store path, or of a derivation, by its base name.
std::string store_path_url(std::string_view base_name);

/// A text with links to the paths of the store at `store` ("/nix/store") that it names.
std::vector<LinkedPiece> linked_pieces(std::string_view store, std::string_view text);
/// The same as [{"text", "url"}]; of a text that is longer only the first `most` bytes.
ApiJson linked_text(std::string_view store, std::string_view text, std::size_t most = 65536);
/// The same with the names of paths for the paths: of a sentence, which is easier to read so.
ApiJson linked_names(std::string_view store, std::string_view text);

}  // namespace grange
