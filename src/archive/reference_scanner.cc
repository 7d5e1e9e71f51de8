#include "archive/reference_scanner.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "base/encoding.h"

namespace grange {
namespace {

constexpr std::size_t kLength = StorePath::kHashLength;

constexpr std::array<bool, 256> base32_characters() {
  std::array<bool, 256> table{};
  for (const char c : kNix32Alphabet) table[static_cast<std::uint8_t>(c)] = true;
  return table;
}
constexpr auto kIsBase32 = base32_characters();

/// A first, cheap test: 16 bits of the first eight characters.
std::size_t filter_slot(const char* window) {
  std::uint64_t key = 0;
  std::memcpy(&key, window, sizeof key);
  return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15U >> 48);
}

}  // namespace

struct ReferenceScanner::State {
  struct Candidate {
    std::vector<const StorePath*> paths;  ///< those that share this hash part
    bool found = false;
  };

  State(const std::set<StorePath>& candidates, Sink* sink)
      : paths(candidates.begin(), candidates.end()), next(sink), filter(std::size_t{1} << 16) {
    for (const StorePath& path : paths) {
      by_hash[path.hash_part()].paths.push_back(&path);
      filter[filter_slot(path.hash_part().data())] = true;
    }
  }

  /// Looks at every window of 32 characters, from its last character down: a character that is not
  /// base 32 rules out all windows over it, so most bytes are never looked at.
  void scan(std::string_view data) {
    std::size_t begin = 0;
    std::size_t known = 0;  // the characters of [begin, known) are base 32
    while (begin + kLength <= data.size()) {
      std::size_t at = begin + kLength;
      const std::size_t stop = std::max(begin, known);
      while (at > stop && kIsBase32[static_cast<std::uint8_t>(data[at - 1])]) --at;
      known = begin + kLength;
      if (at > stop) {
        begin = at;
        continue;
      }
      look_up(data.substr(begin, kLength));
      ++begin;
    }
  }

  void look_up(std::string_view window) {
    if (!filter[filter_slot(window.data())]) return;
    const auto match = by_hash.find(window);
    if (match != by_hash.end()) match->second.found = true;
  }

  /// What follows a piece's border may complete a digest: the last 31 bytes are kept.
  void write(std::string_view data) {
    constexpr std::size_t kKeep = kLength - 1;
    if (data.size() < kLength) {
      tail.append(data);
      scan(tail);
      if (tail.size() > kKeep) tail.erase(0, tail.size() - kKeep);
      return;
    }
    tail.append(data.substr(0, kKeep));
    scan(tail);
    scan(data);
    tail.assign(data.substr(data.size() - kKeep));
  }

  const std::vector<StorePath> paths;
  Sink* next;
  std::vector<bool> filter;
  std::unordered_map<std::string_view, Candidate> by_hash;
  std::string tail;
};

ReferenceScanner::ReferenceScanner(const std::set<StorePath>& candidates, Sink* next)
    : state_(std::make_unique<State>(candidates, next)) {}

ReferenceScanner::~ReferenceScanner() = default;

void ReferenceScanner::write(std::string_view data) {
  if (!state_->paths.empty()) state_->write(data);
  if (state_->next != nullptr) state_->next->write(data);
}

std::set<StorePath> ReferenceScanner::found() const {
  std::set<StorePath> result;
  for (const auto& [hash, candidate] : state_->by_hash) {
    if (!candidate.found) continue;
    for (const StorePath* path : candidate.paths) result.insert(*path);
  }
  return result;
}

}  // namespace grange
