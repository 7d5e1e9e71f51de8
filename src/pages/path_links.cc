#include "pages/path_links.h"

#include <nlohmann/json.hpp>

#include "compare/recipe_text.h"
#include "derivation/store_path.h"
#include "pages/page_values.h"

namespace grange {
namespace {

/// The base name of a path that `text` begins with, as long as it can be; empty: none.
std::string_view base_name_in(std::string_view text) {
  constexpr std::string_view kOfNames =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._?=";
  const auto most = StorePath::kHashLength + 1 + StorePath::kMaxNameLength;
  auto name = text.substr(0, std::min(most, text.find_first_not_of(kOfNames)));
  // A sentence ends behind it.
  while (name.ends_with('.')) name.remove_suffix(1);
  return is_store_base_name(name) ? name : std::string_view();
}

}  // namespace

std::string store_path_url(std::string_view base_name) {
  return (base_name.ends_with(".drv") ? "/derivation/" : "/store-path/") + url_part(base_name);
}

std::vector<LinkedPiece> linked_pieces(std::string_view store, std::string_view text) {
  std::vector<LinkedPiece> pieces;
  std::size_t from = 0;
  for_each_store_name(store, text, [&](std::size_t at) {
    const auto name = base_name_in(text.substr(at));
    const auto begin = at - store.size() - 1;
    if (name.empty() || begin < from) return;
    if (begin > from) pieces.push_back({std::string(text.substr(from, begin - from)), {}});
    from = at + name.size();
    pieces.push_back({std::string(text.substr(begin, from - begin)), store_path_url(name)});
  });
  if (from < text.size()) pieces.push_back({std::string(text.substr(from)), {}});
  return pieces;
}

ApiJson linked_text(std::string_view store, std::string_view text, std::size_t most) {
  ApiJson list = ApiJson::array();
  for (auto& piece : linked_pieces(store, text.substr(0, most))) {
    list.push_back({{"text", std::move(piece.text)},
                    {"url", piece.url.empty() ? ApiJson() : ApiJson(std::move(piece.url))}});
  }
  if (text.size() > most) list.push_back({{"text", "…"}, {"url", nullptr}});
  return list;
}

ApiJson linked_names(std::string_view store, std::string_view text) {
  auto list = linked_text(store, text);
  for (auto& piece : list) {
    if (piece["url"].is_null()) continue;
    const auto path = piece["text"].get<std::string>();
    auto name = path.substr(store.size() + 1 + StorePath::kHashLength + 1);
    if (name.ends_with(".drv")) name.resize(name.size() - 4);
    piece["text"] = std::move(name);
  }
  return list;
}

}  // namespace grange
