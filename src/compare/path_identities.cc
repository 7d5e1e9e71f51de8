#include "compare/path_identities.h"

#include <algorithm>

#include "derivation/placeholder.h"

namespace grange {
namespace {

/// The length of a placeholder without its slash: SHA-256 in base 32.
constexpr std::size_t kPlaceholderLength = 52;

bool is_base32(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

}  // namespace

PathIdentities::PathIdentities(const DerivationGraph& graph, const ClosureSides& sides,
                               const Promises& promises, const Counterparts& counterparts)
    : graph_(graph),
      promises_(promises),
      counterparts_(counterparts),
      store_(graph.store_dir().str()) {
  // What both sides have is written alike in both.
  for (DerivationIndex index = 0; index < graph.size(); ++index) {
    if (sides.only_in_base(index) || sides.only_in_head(index)) add(index);
  }
  // But what the head needs too may be what another derivation of it stands for.
  for (const auto index : counterparts.changed()) {
    if (const auto base = counterparts.of(index)) add(*base);
  }
}

void PathIdentities::add(DerivationIndex index) {
  const auto name = graph_.derivation_name(index);
  const auto name_length = static_cast<std::uint16_t>(name.size());
  const auto identity = of(index);
  by_digest_.try_emplace(
      graph_.base_name(index).substr(0, StorePath::kHashLength),
      Entry{identity, 0,
            static_cast<std::uint16_t>(name_length + std::string_view(".drv").size())});
  const auto outputs = graph_.output_names(index);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& output = outputs[i];
    const auto suffix = output == "out" ? 0 : output.size() + 1;
    const Entry entry{identity, number_of(output),
                      static_cast<std::uint16_t>(name_length + suffix)};
    const auto digest = graph_.output_path_digest(index, i);
    if (digest.empty()) {
      by_placeholder_.try_emplace(input_placeholder(graph_.path(index), output), entry);
    } else {
      by_digest_.try_emplace(digest, entry);
    }
  }
}

std::uint32_t PathIdentities::number_of(const std::string& output) {
  const auto next = static_cast<std::uint32_t>(output_numbers_.size() + 1);
  return output_numbers_.try_emplace(output, next).first->second;
}

void PathIdentities::replace(std::string_view text, const SourcePairs& sources,
                             std::string& result) const {
  const auto mark = [&](const Entry& entry) {
    result.append(1, '\x01').append(std::to_string(entry.identity));
    result.append(1, '!').append(std::to_string(entry.output)).append(1, '\x01');
  };
  std::size_t from = 0;
  for (auto at = text.find('/'); at != text.npos; at = text.find('/', at + 1)) {
    const auto rest = text.substr(at);
    if (rest.starts_with(store_) && rest.size() > store_.size() + 1 + StorePath::kHashLength &&
        rest[store_.size()] == '/') {
      const auto begin = at + store_.size() + 1;
      const auto digest = text.substr(begin, StorePath::kHashLength);
      if (const auto found = by_digest_.find(digest); found != by_digest_.end()) {
        result.append(text, from, at - from);
        mark(found->second);
        from =
            std::min(text.size(), begin + StorePath::kHashLength + 1 + found->second.name_length);
      } else {
        for (const auto& [base, head] : sources) {
          if (digest != base && digest != head) continue;
          // Of both sides the base's digest stands there; names are compared as they are.
          result.append(text, from, begin - from).append(base);
          from = begin + StorePath::kHashLength;
        }
      }
      at = std::max(begin + StorePath::kHashLength, from) - 1;
    } else if (!by_placeholder_.empty() && rest.size() > kPlaceholderLength &&
               std::all_of(rest.begin() + 1, rest.begin() + 1 + kPlaceholderLength, is_base32)) {
      const auto found = by_placeholder_.find(std::string(rest.substr(0, kPlaceholderLength + 1)));
      if (found == by_placeholder_.end()) continue;
      result.append(text, from, at - from);
      mark(found->second);
      from = at + 1 + kPlaceholderLength;
      at = from - 1;
    }
  }
  result.append(text, from);
}

bool PathIdentities::say_the_same(std::string_view a, std::string_view b,
                                  const SourcePairs& sources) const {
  if (a == b) return true;
  std::string left, right;
  replace(a, sources, left);
  replace(b, sources, right);
  return left == right;
}

}  // namespace grange
