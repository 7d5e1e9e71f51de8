#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace grange {

/// A hash table from base names of store paths to the numbers 0, 1, 2, …, for graphs of hundreds
/// of thousands. It does not keep the names: the caller has them by number. Hashing is seeded
/// afresh in each table, so that nobody can prepare names that collide. Not thread safe, except
/// that `hash` may be called at any time.
class BaseNameTable {
 public:
  BaseNameTable();

  /// What `find` and `add` ask for beside the name.
  std::uint32_t hash(std::string_view base_name) const noexcept;

  /// `name_of(number)` gives the name that has a number.
  template <typename NameOf>
  std::optional<std::uint32_t> find(std::string_view base_name, std::uint32_t hash,
                                    NameOf&& name_of) const {
    for (std::size_t at = hash & mask_; slots_[at].number != kFree; at = (at + 1) & mask_) {
      if (slots_[at].hash == hash && name_of(slots_[at].number) == base_name) {
        return slots_[at].number;
      }
    }
    return std::nullopt;
  }

  /// The next number, for a name that is not in the table and has this hash.
  std::uint32_t add(std::uint32_t hash);

  /// Every entry gets the number that `numbers` holds at its present one.
  void renumber(const std::vector<std::uint32_t>& numbers);

 private:
  struct Slot {
    std::uint32_t hash;
    std::uint32_t number;
  };
  static constexpr std::uint32_t kFree = 0xffffffff;

  void place(Slot slot);

  std::uint64_t seed_;
  std::uint32_t size_ = 0;
  std::size_t mask_;
  std::vector<Slot> slots_;  ///< a power of two, at most half full
};

}  // namespace grange
