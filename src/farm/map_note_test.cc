#include "farm/map_note.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/compression.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

using testing::HasSubstr;

MapNoteEntry entry(const std::string& line, int time, const std::string& commit = "c") {
  MapNoteEntry entry{line, TimePoint(std::chrono::seconds(time)), {}};
  entry.map.complete = true;
  entry.map.commit = commit;
  entry.map.targets.emplace("hello", Target{{"hello"},
                                            StorePath::parse(std::string(32, 'a') + "-hello.drv"),
                                            "hello",
                                            "x86_64-linux",
                                            {"out"},
                                            std::nullopt,
                                            Outcome::good});
  entry.map.errors.emplace("broken", TargetError{{"broken"}, "it throws"});
  return entry;
}

/// What reading a note says.
template <typename Kind>
std::string refusal(const std::string& note) {
  try {
    find_in_map_note(note, "line");
  } catch (const Kind& error) {
    return error.what();
  } catch (const Error& error) {
    ADD_FAILURE() << "another kind: " << error.what();
  }
  ADD_FAILURE() << "accepted: " << note;
  return {};
}

std::string packed(std::string_view text) {
  return base64_encode(as_bytes(compress(Compression::zstd, text)));
}

std::string raw(const std::string& map, const std::string& metadata,
                const std::string& time = "5") {
  return R"({"format":"grange-map-note-1","line":"line","evaluated":)" + time + R"(,"map":")" +
         map + R"(","metadata":")" + metadata + "\"}\n";
}

TEST(MapNote, HoldsAMapPerLine) {
  std::string note = add_to_map_note("", entry("line \"one\"\n", 5));
  note = add_to_map_note(note, entry("two", 6, "d"));
  const auto one = find_in_map_note(note, "line \"one\"\n");
  ASSERT_TRUE(one);
  EXPECT_EQ(to_unix(one->evaluated), 5);
  EXPECT_EQ(one->map.commit, "c");
  EXPECT_TRUE(one->map.complete);
  EXPECT_EQ(one->map.targets.at("hello").outcome, Outcome::good);
  EXPECT_EQ(one->map.errors.at("broken").error, "it throws");
  EXPECT_EQ(find_in_map_note(note, "two")->map.commit, "d");
  EXPECT_EQ(find_in_map_note(note, "three"), std::nullopt);
  EXPECT_EQ(find_in_map_note("", "line"), std::nullopt);
  EXPECT_EQ(add_to_map_note(note, entry("two", 6, "d")), note) << "the same gives the same";
}

TEST(MapNote, TheNewestOfALineCountsAndReplaces) {
  // As git merges notes with cat_sort_uniq: in any order.
  const auto joined = add_to_map_note("", entry("line", 9, "new")) + "\n \n" +
                      add_to_map_note("", entry("line", 5, "old"));
  EXPECT_EQ(find_in_map_note(joined, "line")->map.commit, "new");
  const auto replaced = add_to_map_note(joined, entry("line", 7, "again"));
  EXPECT_EQ(find_in_map_note(replaced, "line")->map.commit, "again");
}

TEST(MapNote, RefusesWhatIsNotOne) {
  EXPECT_THAT(refusal<InvalidError>("hello"), HasSubstr("in entry 1"));
  EXPECT_THAT(refusal<InvalidError>("[]"), HasSubstr("the entry"));
  EXPECT_THAT(refusal<InvalidError>("{}"), HasSubstr("'format' is missing"));
  EXPECT_THAT(refusal<InvalidError>(R"({"format":"grange-map-note-2"})"),
              HasSubstr("specified the format 'grange-map-note-1', got 'grange-map-note-2'"));
  EXPECT_THAT(refusal<InvalidError>(raw("", "", "-5")), HasSubstr("'evaluated'"));
  EXPECT_THAT(refusal<InvalidError>(raw("", "", "1e99")), HasSubstr("'evaluated'"));
  EXPECT_THAT(refusal<InvalidError>(raw("", "", "\"5\"")), HasSubstr("'evaluated'"));
  EXPECT_THAT(refusal<InvalidError>(raw("*", "")), HasSubstr("the map is not base64"));
  EXPECT_THAT(refusal<CorruptError>(raw("AAAA", "")), HasSubstr("in the map"));
  EXPECT_THAT(
      refusal<InvalidError>(raw(packed("x"), packed(R"({"format":"grange-target-map-1"})"))),
      HasSubstr("missing"));
  // A map of one note and the metadata of another.
  const auto text = packed("{\n}\n");
  EXPECT_THAT(refusal<InvalidError>(raw(text, text)), HasSubstr("missing"));
  EXPECT_THROW(add_to_map_note("hello", entry("line", 1)), InvalidError);
}

TEST(MapNote, IsBounded) {
  EXPECT_THAT(refusal<InvalidError>(std::string(kMaxMapNoteSize + 1, ' ')), HasSubstr("larger"));
  std::string many;
  for (std::size_t i = 0; i < kMaxMapNoteEntries; ++i) many += raw("", "");
  EXPECT_THAT(refusal<InvalidError>(many + raw("", "")), HasSubstr("more than 64"));
  // Small to send, large to read.
  EXPECT_THAT(refusal<CorruptError>(raw(packed(std::string(kMaxNotedMapSize + 1, ' ')), "")),
              HasSubstr("in the map"));
}

TEST(MapNote, TheGoldenOneReadsBack) {
  const auto note =
      read_file(std::string(GRANGE_SOURCE_DIR) + "/docs/formats/golden/map-note/two-lines");
  const auto top =
      find_in_map_note(note, R"({"arg":{},"argstr":{},"attributes":[],"file":"default.nix"})");
  ASSERT_TRUE(top);
  EXPECT_EQ(top->map.commit, "c8f1a139618e");
  EXPECT_EQ(top->map.targets.at("hello").outcome, Outcome::good);
  ASSERT_TRUE(find_in_map_note(
      note, R"({"arg":{},"argstr":{},"attributes":[["a"]],"file":"pkgs/default.nix"})"));
}

}  // namespace
}  // namespace grange
