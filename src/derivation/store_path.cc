#include "derivation/store_path.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/error.h"

namespace grange {
namespace {

constexpr std::array<bool, 256> kNameCharacters = [] {
  std::array<bool, 256> allowed{};
  for (int c = 'a'; c <= 'z'; ++c) allowed[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) allowed[static_cast<std::size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) allowed[static_cast<std::size_t>(c)] = true;
  for (const char c : {'+', '-', '.', '_', '?', '='}) allowed[static_cast<std::size_t>(c)] = true;
  return allowed;
}();

/// What is wrong with a name; empty when nothing is.
std::string_view name_problem(std::string_view name) noexcept {
  if (name.empty()) return "has an empty name";
  if (name.size() > StorePath::kMaxNameLength) return "has a name longer than 211 characters";
  for (const char c : name) {
    if (!kNameCharacters[static_cast<unsigned char>(c)]) return "contains an illegal character";
  }
  const auto component = name.substr(0, name.find('-'));
  if (component == "." || component == "..") {
    return "has a name that is '.' or '..' or begins so before a dash";
  }
  return {};
}

/// What is wrong with a base name; empty when nothing is.
std::string_view base_name_problem(std::string_view base_name) noexcept {
  if (base_name.size() <= StorePath::kHashLength) return "is too short to be a store path";
  for (const char c : base_name.substr(0, StorePath::kHashLength)) {
    if (!is_nix32(c)) return "contains an illegal base-32 character";
  }
  if (base_name[StorePath::kHashLength] != '-') return "has no '-' behind its digest";
  return name_problem(base_name.substr(StorePath::kHashLength + 1));
}

std::string_view store_dir_problem(std::string_view text) noexcept {
  if (!text.starts_with('/')) return "is not absolute";
  if (text == "/") return "is the root directory";
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return "contains a control character";
  }
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto component = text.substr(0, text.find('/'));
    if (component.empty() || component == "." || component == "..") return "is not canonical";
    text.remove_prefix(component.size());
  }
  return {};
}

}  // namespace

StoreDir StoreDir::parse(std::string_view text) {
  if (const auto problem = store_dir_problem(text); !problem.empty()) {
    throw InvalidError("store directory '" + std::string(text) + "' " + std::string(problem));
  }
  return StoreDir(std::string(text));
}

std::string StoreDir::print(const StorePath& path) const {
  std::string full;
  full.reserve(text_.size() + 1 + path.base_name().size());
  return full.append(text_).append(1, '/').append(path.base_name());
}

StorePath StoreDir::parse_path(std::string_view full) const {
  if (!full.starts_with(text_) || full.size() == text_.size() || full[text_.size()] != '/') {
    throw InvalidError("path '" + std::string(full) + "' is not in the store '" + text_ + "'");
  }
  return StorePath::parse(full.substr(text_.size() + 1));
}

std::optional<StorePath> StoreDir::try_parse_path(std::string_view full) const {
  if (!full.starts_with(text_) || full.size() == text_.size() || full[text_.size()] != '/') {
    return std::nullopt;
  }
  return StorePath::try_parse(full.substr(text_.size() + 1));
}

StorePath StorePath::parse(std::string_view base_name) {
  if (const auto problem = base_name_problem(base_name); !problem.empty()) {
    throw InvalidError("store path '" + std::string(base_name) + "' " + std::string(problem));
  }
  return StorePath(std::string(base_name));
}

std::optional<StorePath> StorePath::try_parse(std::string_view base_name) {
  if (!base_name_problem(base_name).empty()) return std::nullopt;
  return StorePath(std::string(base_name));
}

StorePath StorePath::make(std::string_view digest20, std::string_view name) {
  if (digest20.size() != 20) throw InvalidError("the digest of a store path has 20 bytes");
  check_store_path_name(name);
  return StorePath(nix32_encode(as_bytes(digest20)).append(1, '-').append(name));
}

std::string_view StorePath::derivation_name() const noexcept {
  auto text = name();
  if (text.ends_with(".drv")) text.remove_suffix(4);
  return text;
}

bool is_store_path_name(std::string_view name) noexcept {
  return name_problem(name).empty();
}

bool is_store_base_name(std::string_view base_name) noexcept {
  return base_name_problem(base_name).empty();
}

void check_store_path_name(std::string_view name) {
  if (const auto problem = name_problem(name); !problem.empty()) {
    throw InvalidError("store path name '" + std::string(name) + "' " + std::string(problem));
  }
}

}  // namespace grange
