#include "pages/text_difference.h"

#include <algorithm>

#include "compare/unit_changes.h"

namespace grange {
namespace {

using Kind = DifferenceLine::Kind;
using Units = std::vector<std::string_view>;

Units lines_in(std::string_view text) {
  Units lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

/// Words, runs of spaces, and each other character by itself.
Units words_in(std::string_view text) {
  const auto kind_of = [](char letter) {
    if (letter == ' ' || letter == '\t') return 1;
    const bool is_word = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                         (letter >= 'a' && letter <= 'z') || letter == '_' || letter == '-' ||
                         letter == '.' || static_cast<unsigned char>(letter) >= 0x80;
    return is_word ? 2 : 0;
  };
  Units words;
  for (std::size_t at = 0; at < text.size();) {
    const auto kind = kind_of(text[at]);
    auto end = at + 1;
    while (kind != 0 && end < text.size() && kind_of(text[end]) == kind) ++end;
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

void add_word(std::vector<DifferenceLine::Span>& spans, std::string_view word, bool changed) {
  if (spans.empty() || spans.back().changed != changed) spans.push_back({{}, changed});
  spans.back().text.append(word);
}

DifferenceLine whole_line(Kind kind, std::string_view text) {
  return {kind, {{std::string(text), false}}, 0};
}

/// Of two lines that stand for each other; whole where they have next to nothing in common.
std::pair<DifferenceLine, DifferenceLine> paired(std::string_view base, std::string_view head) {
  DifferenceLine removed{Kind::removed, {}, 0};
  DifferenceLine added{Kind::added, {}, 0};
  std::size_t kept = 0;
  using Change = UnitChange::Kind;
  for (const auto& [kind, word] : unit_changes(words_in(base), words_in(head))) {
    if (kind == Change::kept && word.find_first_not_of(" \t") != word.npos) kept += word.size();
    if (kind != Change::added) add_word(removed.spans, word, kind == Change::removed);
    if (kind != Change::removed) add_word(added.spans, word, kind == Change::added);
  }
  constexpr std::size_t kLeastPart = 5;
  if (kept * kLeastPart < std::max(base.size(), head.size())) {
    return {whole_line(Kind::removed, base), whole_line(Kind::added, head)};
  }
  return {std::move(removed), std::move(added)};
}

/// A run of removed lines and of added ones that came for them.
void add_run(std::vector<DifferenceLine>& lines, const Units& removed, const Units& added) {
  const auto pairs = std::min(removed.size(), added.size());
  std::vector<DifferenceLine> after;
  for (std::size_t i = 0; i < pairs; ++i) {
    auto [old_line, new_line] = paired(removed[i], added[i]);
    lines.push_back(std::move(old_line));
    after.push_back(std::move(new_line));
  }
  for (auto i = pairs; i < removed.size(); ++i)
    lines.push_back(whole_line(Kind::removed, removed[i]));
  for (auto& line : after) lines.push_back(std::move(line));
  for (auto i = pairs; i < added.size(); ++i) lines.push_back(whole_line(Kind::added, added[i]));
}

/// Only `context` kept lines on either side of others stay.
std::vector<DifferenceLine> shortened_lines(std::vector<DifferenceLine> lines,
                                            std::size_t context) {
  std::vector<DifferenceLine> result;
  for (std::size_t at = 0; at < lines.size();) {
    if (lines[at].kind != Kind::kept) {
      result.push_back(std::move(lines[at++]));
      continue;
    }
    auto end = at;
    while (end < lines.size() && lines[end].kind == Kind::kept) ++end;
    const auto before = at == 0 ? 0 : context;
    const auto behind = end == lines.size() ? 0 : context;
    const auto count = end - at;
    for (auto i = at; i < end; ++i) {
      // One line is no more than what says that it is left out.
      if (i < at + before || i >= end - std::min(behind, count) || count <= before + behind + 1) {
        result.push_back(std::move(lines[i]));
      } else {
        const auto left_out = count - before - behind;
        result.push_back({Kind::left_out, {}, left_out});
        i += left_out - 1;
      }
    }
    at = end;
  }
  return result;
}

}  // namespace

std::string DifferenceLine::text() const {
  std::string text;
  for (const auto& span : spans) text += span.text;
  return text;
}

std::vector<DifferenceLine> text_difference(std::string_view base, std::string_view head,
                                            std::size_t context) {
  std::vector<DifferenceLine> lines;
  Units removed;
  Units added;
  const auto end_run = [&] {
    add_run(lines, removed, added);
    removed.clear();
    added.clear();
  };
  for (const auto& [kind, line] : unit_changes(lines_in(base), lines_in(head))) {
    if (kind == UnitChange::Kind::removed) removed.push_back(line);
    if (kind == UnitChange::Kind::added) added.push_back(line);
    if (kind != UnitChange::Kind::kept) continue;
    end_run();
    lines.push_back(whole_line(Kind::kept, line));
  }
  end_run();
  return shortened_lines(std::move(lines), context);
}

}  // namespace grange
