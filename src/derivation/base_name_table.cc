#include "derivation/base_name_table.h"

#include <cstring>
#include <random>
#include <utility>

#include "base/check.h"

namespace grange {
namespace {

constexpr std::size_t kFirstSize = 1024;

std::uint64_t multiply_and_fold(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* from, std::size_t size) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, from, size);
  return value;
}

}  // namespace

BaseNameTable::BaseNameTable() : mask_(kFirstSize - 1), slots_(kFirstSize, Slot{0, kFree}) {
  std::random_device random;
  seed_ = std::uint64_t{random()} << 32 | random();
}

std::uint32_t BaseNameTable::hash(std::string_view base_name) const noexcept {
  std::uint64_t state = seed_ ^ base_name.size();
  const char* at = base_name.data();
  std::size_t left = base_name.size();
  for (; left > 16; at += 16, left -= 16) {
    state = multiply_and_fold(load(at, 8) ^ 0x9e3779b97f4a7c15, load(at + 8, 8) ^ state);
  }
  const std::size_t low = left < 8 ? left : 8;
  state = multiply_and_fold(load(at, low) ^ 0xd1b54a32d192ed03, load(at + low, left - low) ^ state);
  state = multiply_and_fold(state, seed_ | 1);
  return static_cast<std::uint32_t>(state ^ state >> 32);
}

std::uint32_t BaseNameTable::add(std::uint32_t hash) {
  if ((std::size_t{size_} + 1) * 2 > slots_.size()) {
    GRANGE_CHECK(size_ < kFree / 2);
    const auto old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2, Slot{0, kFree}));
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.number != kFree) place(slot);
    }
  }
  place({hash, size_});
  return size_++;
}

void BaseNameTable::place(Slot slot) {
  std::size_t at = slot.hash & mask_;
  while (slots_[at].number != kFree) at = (at + 1) & mask_;
  slots_[at] = slot;
}

void BaseNameTable::renumber(const std::vector<std::uint32_t>& numbers) {
  for (Slot& slot : slots_) {
    if (slot.number != kFree) slot.number = numbers[slot.number];
  }
}

}  // namespace grange
