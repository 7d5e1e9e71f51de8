#include "derivation/target_map_text.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

const std::filesystem::path kMapGolden =
    std::filesystem::path(GRANGE_SOURCE_DIR) / "docs/formats/golden/target-map";

Target bare_target(std::string_view label, std::string_view derivation) {
  return {{std::string(label)}, StorePath::parse(derivation), "", "", {}, std::nullopt,
          Outcome::unknown};
}

TargetMap bare_map() {
  TargetMap map;
  map.targets.emplace("hello",
                      bare_target("hello", "1qazp0aj5l1zvk0cpnhggax8srkhm1qk-hello-2.12.drv"));
  map.targets.emplace("tools/zlib:docs",
                      bare_target("tools", "6b7zhgs0j2cbwfj7mpi0q2pgzkjk2cws-zlib-1.3.drv"));
  return map;
}

TargetMap extended_map() {
  TargetMap map = bare_map();
  auto& hello = map.targets.at("hello");
  hello.name = "hello-2.12";
  hello.system = "x86_64-linux";
  hello.outputs = {"out", "man"};
  hello.outcome = Outcome::good;
  hello.output_set = OutputSetId::parse(std::string(62, 'a') + "0f");
  map.targets.at("tools/zlib:docs").outcome = Outcome::timed_out;
  Target odd = bare_target("g++ \"é\"\n", "9c4mvl13ak0v8z1m3q9f6r0zdxyvwyrs-g++.drv");
  map.targets.emplace("g++ \"é\"\n", std::move(odd));
  map.errors.emplace("broken", TargetError{{"broken"}, "attribute 'foo' is missing\nat line 1"});
  map.complete = true;
  map.commit = "c8f1a139618e";
  return map;
}

/// What stands in a golden file; GRANGE_ACCEPT=1 writes it first.
std::string golden(const std::string& name, const std::string& text) {
  if (std::getenv("GRANGE_ACCEPT") != nullptr) write_file(kMapGolden / name, text);
  return read_file(kMapGolden / name);
}

ErrorKind kind_of(std::string_view map, std::optional<std::string_view> metadata = std::nullopt) {
  try {
    parse_target_map(map, metadata);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "accepted: " << map;
  return ErrorKind::cancelled;
}

TEST(TargetMapText, BareMapIsAsTheGoldenFile) {
  const auto text = print_target_map(bare_map());
  EXPECT_EQ(text.map, golden("bare.json", text.map));
  const auto read = parse_target_map(text.map);
  EXPECT_FALSE(read.complete);
  EXPECT_EQ(read.targets.size(), 2U);
  EXPECT_EQ(print_target_map(read).map, text.map);
}

TEST(TargetMapText, ExtendedMapIsAsTheGoldenFilesAndReadsBack) {
  const auto text = print_target_map(extended_map());
  EXPECT_EQ(text.map, golden("extended.json", text.map));
  EXPECT_EQ(text.metadata, golden("extended.json.meta", text.metadata));
  const auto read = parse_target_map(text.map, text.metadata);
  EXPECT_TRUE(read.complete);
  EXPECT_EQ(read.commit, "c8f1a139618e");
  EXPECT_EQ(read.store_dir, StoreDir::nix());
  EXPECT_EQ(read.errors.at("broken").error, "attribute 'foo' is missing\nat line 1");
  const auto& hello = read.targets.at("hello");
  EXPECT_EQ(hello.outcome, Outcome::good);
  EXPECT_EQ(hello.outputs, (std::vector<std::string>{"out", "man"}));
  EXPECT_EQ(hello.output_set, extended_map().targets.at("hello").output_set);
  EXPECT_EQ(read.targets.at("g++ \"é\"\n").attr_path.front(), "g++ \"é\"\n");
  const auto again = print_target_map(read);
  EXPECT_EQ(again.map, text.map);
  EXPECT_EQ(again.metadata, text.metadata);
}

TEST(TargetMapText, TakesTheStoreDirectoryFromTheDerivations) {
  TargetMap map = bare_map();
  map.store_dir = StoreDir::parse("/gnu/store");
  EXPECT_EQ(parse_target_map(print_target_map(map).map).store_dir.str(), "/gnu/store");
  const TargetMap empty{StoreDir::parse("/gnu/store"), {}, {}, true, ""};
  const auto text = print_target_map(empty);
  EXPECT_EQ(text.map, "{\n}\n");
  EXPECT_EQ(parse_target_map(text.map, text.metadata).store_dir.str(), "/gnu/store");
}

TEST(TargetMapText, ForeignKeysAreIgnoredAndForeignOutcomesUnknown) {
  const auto map = parse_target_map(
      R"({"a":{"meta":{"x":[1,2.5,null]},"outcome":"sideways","attrPath":["a"],)"
      R"("drvPath":"/nix/store/1qazp0aj5l1zvk0cpnhggax8srkhm1qk-hello-2.12.drv"}})");
  EXPECT_EQ(map.targets.at("a").outcome, Outcome::unknown);
}

TEST(TargetMapText, EveryTruncationIsRefused) {
  const auto text = print_target_map(extended_map());
  for (std::size_t length = 0; length + 2 < text.map.size(); ++length) {
    const auto part = std::string_view(text.map).substr(0, length);
    EXPECT_THROW(parse_target_map(part), InvalidError) << length;
    EXPECT_THROW(parse_target_map(part, text.metadata), CorruptError) << length;
  }
  for (std::size_t length = 0; length + 2 < text.metadata.size(); ++length) {
    EXPECT_THROW(parse_target_map(text.map, std::string_view(text.metadata).substr(0, length)),
                 InvalidError);
  }
}

TEST(TargetMapText, RefusesAPairThatDoesNotBelongTogether) {
  const auto text = print_target_map(extended_map());
  EXPECT_EQ(kind_of(print_target_map(bare_map()).map, text.metadata), ErrorKind::corrupt);
  EXPECT_EQ(kind_of(text.map, replace_all(text.metadata, "\"targets\":3", "\"targets\":4")),
            ErrorKind::corrupt);
  EXPECT_EQ(kind_of(text.map, replace_all(text.metadata, "\"errors\":1", "\"errors\":2")),
            ErrorKind::corrupt);
  EXPECT_EQ(kind_of(text.map, replace_all(text.metadata, "/nix/store", "/gnu/store")),
            ErrorKind::corrupt);
  EXPECT_EQ(kind_of(text.map, replace_all(text.metadata, "\"broken\"", "\"hello\"")),
            ErrorKind::corrupt);
  EXPECT_EQ(kind_of(text.map, replace_all(text.metadata, "map-1", "map-2")), ErrorKind::invalid);
  EXPECT_EQ(kind_of(text.map, replace_all(text.metadata, "\"complete\":true,\n", "")),
            ErrorKind::invalid);
}

TEST(TargetMapText, IncompleteStaysIncomplete) {
  TargetMap map = bare_map();
  map.complete = false;
  const auto text = print_target_map(map);
  EXPECT_FALSE(parse_target_map(text.map, text.metadata).complete);
}

TEST(TargetMapText, RefusesWhatIsMalformed) {
  const std::string path = "/nix/store/1qazp0aj5l1zvk0cpnhggax8srkhm1qk-hello-2.12.drv";
  const std::string good = R"({"attrPath":["a"],"drvPath":")" + path + "\"}";
  EXPECT_EQ(parse_target_map("{\"a\":" + good + "}").targets.size(), 1U);
  const std::vector<std::string> bad = {
      "",
      "[]",
      "{} {}",
      "{\"a\":1}",
      "{\"a\":{}}",
      R"({"a":{"drvPath":")" + path + "\"}}",
      R"({"a":{"attrPath":["a"]}})",
      R"({"a":{"attrPath":"a","drvPath":")" + path + "\"}}",
      R"({"a":{"attrPath":[1],"drvPath":")" + path + "\"}}",
      R"({"a":{"attrPath":["a"],"drvPath":"hello"}})",
      R"({"a":{"attrPath":["a"],"drvPath":"/nix/store/hello"}})",
      R"({"a":{"attrPath":["a"],"drvPath":"/nix/store/1qazp0aj5l1zvk0cpnhggax8srkhm1qk-hello"}})",
      "{\"a\":" + good + ",\"a\":" + good + "}",
      "{\"a\":" + good + ",\"b\":" + replace_all(good, "/nix/", "/gnu/") + "}",
      replace_all("{\"a\":" + good + "}", "}}", ",\"name\":\"x\",\"name\":\"x\"}}"),
      replace_all("{\"a\":" + good + "}", "}}", ",\"outputSet\":\"123\"}}"),
      replace_all("{\"a\":" + good + "}", "}}", ",\"x\":tru}}"),
      "{\"a\xff\":" + good + "}",
      "{\"" + std::string(kMaxLabelLength + 1, 'a') + "\":" + good + "}",
      "{\"a\":" + std::string(100000, '['),
      "{\"a\":{\"x\":" + std::string(200, '[') + std::string(200, ']') + "}}"};
  for (const auto& text : bad) EXPECT_EQ(kind_of(text), ErrorKind::invalid) << text.substr(0, 200);
}

TEST(TargetMapText, RefusesToWriteWhatIsNotUtf8) {
  TargetMap map;
  map.targets.emplace("a\xff", bare_target("a", "1qazp0aj5l1zvk0cpnhggax8srkhm1qk-a.drv"));
  EXPECT_THROW(print_target_map(map), InvalidError);
}

TEST(TargetMapText, ManyTargetsAreQuick) {
  TargetMap map;
  for (int i = 0; i < 17000; ++i) {
    const std::string label = "package-number-" + std::to_string(i);
    Target target = bare_target(label, "1qazp0aj5l1zvk0cpnhggax8srkhm1qk-hello-2.12.drv");
    target.name = "hello-2.12";
    target.system = "x86_64-linux";
    target.outputs = {"out"};
    map.targets.emplace(label, std::move(target));
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto text = print_target_map(map);
  const auto printed = std::chrono::steady_clock::now();
  EXPECT_EQ(parse_target_map(text.map, text.metadata).targets.size(), 17000U);
  const auto parsed = std::chrono::steady_clock::now();
  RecordProperty("print_ms", static_cast<int>((printed - begin) / std::chrono::milliseconds(1)));
  RecordProperty("parse_ms", static_cast<int>((parsed - printed) / std::chrono::milliseconds(1)));
  EXPECT_LT(parsed - begin, std::chrono::seconds(5));  // a guard against what is not linear
}

}  // namespace
}  // namespace grange
