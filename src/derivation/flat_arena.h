#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace grange {

/// Hands out arrays that never move and are all freed together: millions of small ones without an
/// allocation each, and without the copy and the double memory of a vector that grows. Not thread
/// safe.
template <typename T>
class FlatArena {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  /// `count` elements in one piece, with indeterminate values where T has no constructor.
  std::span<T> allocate(std::size_t count) {
    if (count > left_) {
      const std::size_t size = std::max(count, kChunk);
      chunks_.push_back(std::make_unique_for_overwrite<T[]>(size));
      next_ = chunks_.back().get();
      left_ = size;
    }
    const std::span<T> piece(next_, count);
    next_ += count;
    left_ -= count;
    return piece;
  }

  std::span<T> copy(std::span<const T> from) {
    const auto piece = allocate(from.size());
    std::copy(from.begin(), from.end(), piece.begin());
    return piece;
  }

 private:
  static constexpr std::size_t kChunk = std::size_t{1} << 14;

  std::vector<std::unique_ptr<T[]>> chunks_;
  T* next_ = nullptr;
  std::size_t left_ = 0;
};

/// A text that lives as long as the arena.
inline std::string_view keep_text(FlatArena<char>& arena, std::string_view text) {
  const auto piece = arena.copy(text);
  return {piece.data(), piece.size()};
}

}  // namespace grange
