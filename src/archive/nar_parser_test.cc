#include "archive/nar_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/nar.h"
#include "archive/nar_format.h"
#include "base/error.h"

namespace grange {
namespace {

/// The archive whose strings are `words`; "#N" is the bare number N, "!TEXT" is TEXT as it stands.
std::string archive(std::initializer_list<std::string_view> words) {
  std::string nar;
  append_nar_string(nar, kNarMagic);
  for (const auto word : words) {
    if (word.starts_with('#')) {
      append_nar_number(nar, std::stoull(std::string(word.substr(1))));
    } else if (word.starts_with('!')) {
      nar += word.substr(1);
    } else {
      append_nar_string(nar, word);
    }
  }
  return nar;
}

/// What the parser says of it; empty when it accepts.
std::string refusal(const std::string& nar) {
  try {
    StringSource source(nar);
    NullSink sink;
    copy_nar(source, sink);
    return {};
  } catch (const CorruptError& error) {
    return error.what();
  }
}

std::string entry_named(std::string_view name) {
  return archive({"(", "type", "directory", "entry", "(", "name", name, "node", "(", "type",
                  "regular", "contents", "", ")", ")", ")"});
}

std::string two_entries(std::string_view first, std::string_view second) {
  return archive({"(",    "type",    "directory", "entry",   "(",        "name", first,
                  "node", "(",       "type",      "regular", "contents", "",     ")",
                  ")",    "entry",   "(",         "name",    second,     "node", "(",
                  "type", "symlink", "target",    "t",       ")",        ")",    ")"});
}

TEST(NarParserTest, AcceptsEveryKindOfNode) {
  EXPECT_EQ(refusal(archive({"(", "type", "regular", "contents", "x", ")"})), "");
  EXPECT_EQ(refusal(archive({"(", "type", "regular", "executable", "", "contents", "", ")"})), "");
  EXPECT_EQ(refusal(archive({"(", "type", "symlink", "target", "/x", ")"})), "");
  EXPECT_EQ(refusal(archive({"(", "type", "directory", ")"})), "");
  EXPECT_EQ(refusal(two_entries("a", "b")), "");
  EXPECT_EQ(refusal(two_entries("B", "a")), "");
  EXPECT_EQ(refusal(two_entries("a", "\xff")), "");  // bytes are unsigned
}

TEST(NarParserTest, RefusesAWrongMagic) {
  std::string nar;
  append_nar_string(nar, "nix-archive-2");
  EXPECT_EQ(refusal(nar), "bad NAR at offset 0: specified 'nix-archive-1', got 'nix-archive-2'");
  EXPECT_NE(refusal(""), "");
  EXPECT_NE(refusal("plain text, longer than a length"), "");
}

TEST(NarParserTest, RefusesNonZeroPaddingAndTruncation) {
  std::string nar = archive({"(", "type", "regular", "contents", "x", ")"});
  std::string padded = nar;
  padded[24 + 4 * 16 + 8 + 3] = 'p';
  EXPECT_EQ(refusal(padded), "bad NAR at offset 97: the padding is not zero");
  for (std::size_t size = 0; size < nar.size(); ++size) {
    EXPECT_THAT(refusal(nar.substr(0, size)),
                testing::HasSubstr("bad NAR at offset " + std::to_string(size)))
        << size;
  }
}

TEST(NarParserTest, RefusesBadNames) {
  for (const std::string_view name :
       {std::string_view(""), std::string_view("."), std::string_view(".."),
        std::string_view("a/b"), std::string_view("a\0b", 3)}) {
    EXPECT_THAT(refusal(entry_named(name)), testing::HasSubstr("invalid file name")) << name;
  }
  EXPECT_EQ(refusal(entry_named(std::string(255, 'n'))), "");
  EXPECT_THAT(refusal(entry_named(std::string(256, 'n'))), testing::HasSubstr("the limit is 255"));
}

TEST(NarParserTest, RefusesUnsortedAndDuplicateEntries) {
  EXPECT_THAT(refusal(two_entries("b", "a")), testing::HasSubstr("'a' does not sort after 'b'"));
  EXPECT_THAT(refusal(two_entries("a", "a")), testing::HasSubstr("'a' does not sort after 'a'"));
  EXPECT_THAT(refusal(two_entries("\xff", "a")), testing::HasSubstr("does not sort after"));
}

TEST(NarParserTest, RefusesEveryLooseForm) {
  const std::vector<std::string> bad = {
      archive({"(", ")"}),
      archive({"(", "type", "regular", ")"}),
      archive({"(", "type", "regular", "contents", "x", "contents", "y", ")"}),
      archive({"(", "type", "regular", "contents", "x", "executable", "", ")"}),
      archive({"(", "type", "regular", "executable", "1", "contents", "x", ")"}),
      archive({"(", "type", "regular", "executable", "", ")"}),
      archive({"(", "type", "regular", "type", "regular", "contents", "", ")"}),
      archive({"(", "type", "regular", "target", "x", ")"}),
      archive({"(", "type", "symlink", ")"}),
      archive({"(", "type", "symlink", "target", "", ")"}),
      archive({"(", "type", "symlink", "target", std::string_view("a\0b", 3), ")"}),
      archive({"(", "type", "symlink", "target", "a", "target", "b", ")"}),
      archive({"(", "type", "socket", ")"}),
      archive({"(", "type", "directory", "entry", "(", ")", ")"}),
      archive({"(", "type", "directory", "entry", "(", "node", "(", "type", "directory", ")",
               "name", "a", ")", ")"}),
      archive({"(", "type", "directory", "entry", "(", "name", "a", ")", ")"}),
      archive({"(", "type", "directory", "file", "(", ")", ")"}),
      archive({"type", "directory"}),
      archive({"(", "type", "directory", "#18446744073709551615"}),
      archive({"(", "type", "regular", "contents", "#18446744073709551615", "!x"}),
      archive({"(", "type", "symlink", "target", "#18446744073709551615", "!x"}),
  };
  for (std::size_t i = 0; i < bad.size(); ++i) EXPECT_NE(refusal(bad[i]), "") << i;
}

TEST(NarParserTest, LimitsTargetsAndDepth) {
  const auto link = [](std::size_t size) {
    return archive({"(", "type", "symlink", "target", std::string(size, 't'), ")"});
  };
  EXPECT_EQ(refusal(link(4095)), "");
  EXPECT_THAT(refusal(link(4096)), testing::HasSubstr("the limit is 4095"));

  const auto nested = [](std::size_t levels) {
    std::string nar = archive({});
    for (std::size_t i = 1; i < levels; ++i) {
      for (const auto* word : {"(", "type", "directory", "entry", "(", "name", "d", "node"}) {
        append_nar_string(nar, word);
      }
    }
    for (const auto* word : {"(", "type", "directory", ")"}) append_nar_string(nar, word);
    for (std::size_t i = 1; i < levels; ++i) {
      append_nar_string(nar, ")");
      append_nar_string(nar, ")");
    }
    return nar;
  };
  EXPECT_EQ(refusal(nested(kNarMaxDepth)), "");
  EXPECT_THAT(refusal(nested(kNarMaxDepth + 1)), testing::HasSubstr("deeper than 64"));
}

TEST(NarParserTest, ShowsForeignBytesHarmlessly) {
  EXPECT_THAT(refusal(archive({"(", "\x1b[31m"})), testing::HasSubstr("\\x1b[31m"));
}

}  // namespace
}  // namespace grange
