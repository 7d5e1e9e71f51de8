#include "pages/log_reader.h"

#include <gtest/gtest.h>

#include "pages/shown_text.h"

namespace grange {
namespace {

LogReader read(std::string_view text, LogPart part, std::size_t piece = 3) {
  LogReader reader(std::move(part));
  for (std::size_t at = 0; at < text.size(); at += piece) reader.write(text.substr(at, piece));
  reader.finish();
  return reader;
}

std::string shown(const LogReader& reader) {
  std::string text;
  for (const auto& line : reader.lines()) {
    text += std::to_string(line.number) + ":" + line.text + " ";
  }
  return text;
}

LogPart from(std::size_t line, std::size_t most) {
  LogPart part;
  part.from = line;
  part.most = most;
  return part;
}

TEST(LogReader, GivesItsEndOrWhatIsAskedFor) {
  const std::string text = "one\n\nthree\nfour\nfive";
  for (const std::size_t piece : {1U, 3U, 100U}) {
    EXPECT_EQ(shown(read(text, from(0, 2), piece)), "4:four 5:five ");
    EXPECT_EQ(shown(read(text, from(2, 2), piece)), "2: 3:three ");
    EXPECT_EQ(shown(read(text, from(9, 2), piece)), "");
    EXPECT_EQ(read(text, from(1, 1), piece).count(), 5U);
    EXPECT_EQ(read(text, from(1, 1), piece).size(), text.size());
  }
  EXPECT_EQ(read("", from(1, 1)).count(), 0U);
}

TEST(LogReader, LeavesOutALineThatIsBeingWritten) {
  auto part = from(0, 9);
  part.whole_lines = true;
  const auto reader = read("one\ntw", part);
  EXPECT_EQ(shown(reader), "1:one ");
  EXPECT_EQ(reader.size(), 4U);
}

TEST(LogReader, TheFirstOfTheLastMessagesSaysWhy) {
  const auto failing = [](const std::vector<std::string>& lines, std::size_t most) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    LogPart part;
    part.most = most;
    part.find_failing = true;
    return read(text, part, 50);
  };
  EXPECT_EQ(failing({"checking for error: no", "ok"}, 9).failing(), 1U);
  std::vector<std::string> lines(100, "compiling");
  EXPECT_EQ(failing(lines, 9).failing(), std::nullopt);
  EXPECT_EQ(failing(lines, 9).lines().front().number, 92U);
  lines[10] = "warning, not an error: old";
  lines[80] = "a.c:1: error: no such thing";
  lines[85] = "make: *** [all] Error 1";
  const auto found = failing(lines, 9);
  EXPECT_EQ(found.failing(), 81U);
  ASSERT_EQ(found.lines().size(), 9U);
  EXPECT_EQ(found.lines().front().number, 78U);
  EXPECT_EQ(found.lines().back().number, 86U);
}

TEST(LogReader, FindsWhateverTheCase) {
  LogPart part;
  part.search = "eRR";
  const auto reader = read("no\nError 1\nterror\n", part);
  EXPECT_EQ(reader.hit_count(), 2U);
  ASSERT_EQ(reader.hits().size(), 2U);
  EXPECT_EQ(reader.hits()[0].number, 2U);
  EXPECT_EQ(find_whatever_case("aAbB", "ab"), 1U);
  EXPECT_EQ(find_whatever_case("aAbB", "ab", 2), std::string_view::npos);
  EXPECT_EQ(find_whatever_case("", "x"), std::string_view::npos);
}

TEST(LogReader, KeepsOnlyTheBeginningOfEndlessLines) {
  const auto reader = read(std::string(1'000'000, 'x') + "\nend\n", from(1, 9), 1000);
  EXPECT_EQ(reader.lines()[0].text.size(), 65536U);
  EXPECT_EQ(reader.lines()[1].text, "end");
  EXPECT_EQ(reader.size(), 1'000'005U);
}

}  // namespace
}  // namespace grange
