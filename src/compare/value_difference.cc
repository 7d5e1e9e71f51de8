#include "compare/value_difference.h"

#include <algorithm>

#include "base/text.h"
#include "compare/recipe_text.h"
#include "compare/unit_changes.h"
#include "derivation/package_name.h"
#include "derivation/store_path.h"

namespace grange {
namespace {

using Units = std::vector<std::string_view>;

Units units_of(std::string_view text, bool lines) {
  Units units;
  std::size_t from = 0;
  while (from < text.size()) {
    const auto end = std::min(text.find_first_of(lines ? "\n" : " \t\n", from), text.size());
    if (end > from) units.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return units;
}

/// Gathers neighbouring units of one kind.
class Pieces {
 public:
  explicit Pieces(char separator) : separator_(separator) {}
  void add(bool added, std::string_view unit) {
    if (open_ && pieces_.back().added == added) {
      pieces_.back().text.append(1, separator_).append(unit);
    } else {
      pieces_.push_back({added, std::string(unit)});
    }
    open_ = true;
  }
  void close() { open_ = false; }
  std::vector<ValuePiece> take() { return std::move(pieces_); }

 private:
  char separator_;
  bool open_ = false;
  std::vector<ValuePiece> pieces_;
};

std::string shortened(std::string text, std::size_t limit) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= limit) return text;
  auto end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

/// Base names of sources, a word each, without their digests.
std::string without_digests(std::string_view text) {
  std::string result;
  for (const auto word : split_words(text)) {
    const auto path = StorePath::try_parse(word);
    if (!result.empty()) result += ' ';
    result += path ? path->name() : word;
  }
  return result;
}

/// Is it one run for another?
bool is_replacement(const std::vector<ValuePiece>& pieces) {
  return pieces.size() == 2 && pieces[0].added != pieces[1].added;
}

/// The version of a name that is otherwise the package's; empty when it has none.
std::string_view version_of(std::string_view name) {
  const auto package = package_name(name);
  return package.size() < name.size() ? name.substr(package.size() + 1) : std::string_view();
}

}  // namespace

std::vector<ValuePiece> value_difference(std::string_view base, std::string_view head) {
  const bool lines = base.find('\n') != base.npos || head.find('\n') != head.npos;
  Pieces pieces(lines ? '\n' : ' ');
  for (const auto& [kind, unit] : unit_changes(units_of(base, lines), units_of(head, lines))) {
    if (kind == UnitChange::Kind::kept) {
      pieces.close();
    } else {
      pieces.add(kind == UnitChange::Kind::added, unit);
    }
  }
  return pieces.take();
}

std::string with_paths_by_name(std::string_view store, std::string_view text) {
  std::string result;
  std::size_t from = 0;
  for_each_store_name(store, text, [&](std::size_t at) {
    const auto name = at + StorePath::kHashLength + 1;
    if (name >= text.size() || text[name - 1] != '-' || at < from + store.size() + 1) return;
    result.append(text, from, at - store.size() - 1 - from);
    from = name;
  });
  return result.append(text, from);
}

FieldDifference readable(std::string_view store, const FieldDifference& difference) {
  FieldDifference result = difference;
  for (auto* side : {&result.base, &result.head}) {
    if (*side) *side = with_paths_by_name(store, **side);
  }
  return result.base == result.head ? difference : result;
}

std::string difference_line(std::string_view store, const FieldDifference& difference,
                            std::size_t limit) {
  const auto shown = readable(store, difference);
  auto field = shown.field;
  if (field.starts_with("env.")) field.erase(0, 4);
  const std::string prefix = field + ": ";
  if (!shown.head) return prefix + "- " + shortened(*shown.base, limit);
  if (!shown.base) return prefix + "+ " + shortened(*shown.head, limit);
  if (shown.field == "name" && package_name(*shown.base) == package_name(*shown.head) &&
      !version_of(*shown.base).empty() && !version_of(*shown.head).empty()) {
    return shortened(
        std::string(version_of(*shown.base)) + " → " + std::string(version_of(*shown.head)), limit);
  }
  auto pieces = value_difference(*shown.base, *shown.head);
  if (is_replacement(pieces)) {
    const auto was = with_paths_by_name(store, without_digests(pieces[0].text));
    if (was == with_paths_by_name(store, without_digests(pieces[1].text))) {
      return prefix + shortened(was, limit) + " (other content)";
    }
  }
  if (is_replacement(pieces)) {
    // One line for another: what differs within it.
    auto words = value_difference(pieces[0].text, pieces[1].text);
    if (!pieces[0].added && !words.empty()) pieces = std::move(words);
  }
  if (pieces.empty()) return prefix + "(only white space differs)";
  if (is_replacement(pieces)) {
    const auto& removed = pieces[pieces[0].added ? 1 : 0].text;
    const auto& added = pieces[pieces[0].added ? 0 : 1].text;
    return prefix + shortened(removed, limit / 2) + " → " + shortened(added, limit / 2);
  }
  std::string text;
  for (const auto& piece : pieces) {
    if (text.size() >= limit) {
      text += " …";
      break;
    }
    if (!text.empty()) text += ' ';
    text += (piece.added ? "+ " : "- ") + shortened(piece.text, limit);
  }
  return prefix + text;
}

}  // namespace grange
