#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace grange {

/// zstd with a text that both sides have: what is like it becomes small. Any bytes will do as a
/// dictionary, trained or not. Thread safe but for `compress`.
class ZstdDictionary {
 public:
  /// An empty text is none.
  explicit ZstdDictionary(std::string_view text);
  ~ZstdDictionary();
  ZstdDictionary(ZstdDictionary&&) noexcept;
  ZstdDictionary& operator=(ZstdDictionary&&) noexcept;

  std::string compress(std::string_view data);
  /// Refuses with CorruptError what is broken, was made with another dictionary (as far as that can
  /// be told), or would be larger than `limit` bytes.
  std::string decompress(std::string_view data, std::uint64_t limit) const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace grange
