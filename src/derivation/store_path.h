#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace grange {

class StorePath;

/// The logical store directory, "/nix/store" or "/gnu/store": a parameter of every digest, never a
/// constant. Canonical and absolute.
class StoreDir {
 public:
  /// Throws InvalidError unless `text` is absolute, canonical and not "/".
  static StoreDir parse(std::string_view text);
  static StoreDir nix() { return parse("/nix/store"); }

  const std::string& str() const noexcept { return text_; }

  /// "/nix/store/BASE".
  std::string print(const StorePath& path) const;
  /// A full path directly in this directory. Throws InvalidError.
  StorePath parse_path(std::string_view full) const;
  std::optional<StorePath> try_parse_path(std::string_view full) const;

  friend auto operator<=>(const StoreDir&, const StoreDir&) = default;

 private:
  explicit StoreDir(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// One object of a store by its base name: 32 digits of base 32, '-', a name (nix-store.md §1.5).
class StorePath {
 public:
  static constexpr std::size_t kHashLength = 32;
  static constexpr std::size_t kMaxNameLength = 211;

  /// Throws InvalidError saying what is wrong.
  static StorePath parse(std::string_view base_name);
  static std::optional<StorePath> try_parse(std::string_view base_name);
  /// From a folded digest of 20 bytes and a name. Throws InvalidError for a bad name.
  static StorePath make(std::string_view digest20, std::string_view name);

  const std::string& base_name() const noexcept { return base_name_; }
  std::string_view hash_part() const noexcept { return std::string_view(base_name_).substr(0, 32); }
  std::string_view name() const noexcept { return std::string_view(base_name_).substr(33); }
  bool is_derivation() const noexcept { return name().ends_with(".drv"); }
  /// The name without ".drv".
  std::string_view derivation_name() const noexcept;

  friend auto operator<=>(const StorePath&, const StorePath&) = default;

 private:
  explicit StorePath(std::string base_name) : base_name_(std::move(base_name)) {}
  std::string base_name_;
};

/// Throws InvalidError unless `name` may be the name of a store path.
void check_store_path_name(std::string_view name);
/// The same as questions, without allocating: what readers of whole closures ask millions of times.
bool is_store_path_name(std::string_view name) noexcept;
bool is_store_base_name(std::string_view base_name) noexcept;

}  // namespace grange

template <>
struct std::hash<grange::StorePath> {
  std::size_t operator()(const grange::StorePath& path) const noexcept {
    return std::hash<std::string>()(path.base_name());
  }
};
