#include "serve/search_text.h"

#include <algorithm>

namespace grange {
namespace {

constexpr std::size_t kFewestDigits = 6;

bool consists_of(std::string_view text, std::string_view characters) {
  return text.size() >= kFewestDigits && text.find_first_not_of(characters) == text.npos;
}

}  // namespace

SearchText SearchText::parse(std::string_view text, std::string_view store_dir) {
  constexpr std::string_view kBlanks = " \t\r\n";
  SearchText search;
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return search;
  text = text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
  search.words = text;
  auto name = text;
  if (name.starts_with(store_dir) && name.substr(store_dir.size()).starts_with('/')) {
    name.remove_prefix(store_dir.size() + 1);
    name = name.substr(0, name.find('/'));
  }
  search.path = StorePath::try_parse(name);
  if (search.path) search.store_digits = search.path->hash_part();
  if (name.size() <= StorePath::kHashLength &&
      consists_of(name, "0123456789abcdfghijklmnpqrsvwxyz")) {
    search.store_digits = name;
  }
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  if (lower.size() <= 64 && consists_of(lower, "0123456789abcdef")) search.digits = lower;
  return search;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

}  // namespace grange
