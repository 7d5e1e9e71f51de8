#include "derivation/target_map_label.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/target_map_text.h"

namespace grange {
namespace {

constexpr const char* kDrv = "/nix/store/9c4mvl13ak0v8z1m3q9f6r0zdxyvwyrs-a.drv";

TargetMap map_of(const std::vector<std::string>& labels) {
  TargetMap map;
  for (const auto& label : labels) {
    Target target{{label}, map.store_dir.parse_path(kDrv), "a", "x86_64-linux", {"out"}, {}, {}};
    target.outcome = label.size() % 2 == 0 ? Outcome::good : Outcome::failed;
    map.targets.emplace(label, std::move(target));
  }
  map.complete = true;
  return map;
}

TEST(TargetMapLabel, GivesTheTargetThatTheWholeMapGives) {
  const auto map = map_of({"a", "b.c", "odd \"é\"\n", "tab\t", "z"});
  const auto text = print_target_map(map);
  for (const auto& [label, target] : map.targets) {
    const auto one = parse_target_map(text.map, text.metadata, label);
    EXPECT_TRUE(one.complete);
    ASSERT_EQ(one.targets.size(), 1U) << label;
    StringSource source(text.map);
    EXPECT_EQ(print_target_map(read_printed_target(source, text.metadata, label)).map,
              print_target_map(one).map);
    const auto& read = one.targets.at(label);
    EXPECT_EQ(read.derivation, target.derivation);
    EXPECT_EQ(read.outcome, target.outcome);
    EXPECT_EQ(read.attr_path, target.attr_path);
  }
}

TEST(TargetMapLabel, OneThatIsNotThereIsNoError) {
  const auto text = print_target_map(map_of({"a", "b"}));
  EXPECT_TRUE(parse_target_map(text.map, text.metadata, "c").targets.empty());
  EXPECT_TRUE(parse_target_map("{}", std::nullopt, "c").targets.empty());
}

TEST(TargetMapLabel, NestedKeysAndValuesAreNotLabels) {
  const std::string text = std::string(R"({"a":{"attrPath":["b"],"drvPath":")") + kDrv +
                           R"(","more":{"b":{"attrPath":[],"drvPath":"x"}}}})";
  EXPECT_TRUE(parse_target_map(text, std::nullopt, "b").targets.empty());
  EXPECT_EQ(parse_target_map(text, std::nullopt, "a").targets.size(), 1U);
}

TEST(TargetMapLabel, AnEscapedLabelIsTheSameLabel) {
  const std::string text =
      std::string(R"({"\u0061b":{"attrPath":["ab"],"drvPath":")") + kDrv + R"("}})";
  EXPECT_EQ(parse_target_map(text, std::nullopt, "ab").targets.count("ab"), 1U);
}

TEST(TargetMapLabel, RefusesWhatIsNoMap) {
  const std::string target = std::string(R"({"attrPath":[],"drvPath":")") + kDrv + "\"}";
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("3"), "{\"a\":" + target,
        "{\"a\":" + target + "} {}", "{\"a\":" + target + ",\"a\":" + target + "}",
        std::string("{\"a\":1}"), std::string("{\"a\":{}}"), std::string("{\"a\" {}}")}) {
    EXPECT_THROW(parse_target_map(text, std::nullopt, "a"), InvalidError) << text;
  }
}

TEST(TargetMapLabel, AMapOfOtherMetadataIsRefused) {
  const auto text = print_target_map(map_of({"a", "b"}));
  const auto other = print_target_map(map_of({"a", "c"}));
  EXPECT_THROW(parse_target_map(text.map, other.metadata, "a"), CorruptError);
}

/// Gives so many bytes at a time, whatever is asked for.
class Pieces final : public Source {
 public:
  Pieces(std::string_view text, std::size_t piece) : source_(text), piece_(piece) {}
  std::size_t read(char* buffer, std::size_t size) override {
    return source_.read(buffer, std::min(size, piece_));
  }

 private:
  StringSource source_;
  std::size_t piece_;
};

TEST(TargetMapLabel, APrintedMapStreamsByInPiecesOfAnySize) {
  const auto map = map_of({"a", "a b", "ab", "b"});
  const auto text = print_target_map(map);
  for (std::size_t piece = 1; piece < 200; ++piece) {
    Pieces source(text.map, piece);
    const auto one = read_printed_target(source, text.metadata, "ab");
    ASSERT_EQ(one.targets.size(), 1U);
    EXPECT_EQ(one.targets.at("ab").attr_path.front(), "ab");
    Pieces again(text.map, piece);
    EXPECT_TRUE(read_printed_target(again, text.metadata, "c").targets.empty());
  }
}

TEST(TargetMapLabel, APrintedMapOfOtherMetadataIsRefused) {
  const auto text = print_target_map(map_of({"a", "b"}));
  for (const auto& wrong : {text.map.substr(0, text.map.size() - 9), text.map + " ",
                            print_target_map(map_of({"a", "c"})).map}) {
    StringSource source(wrong);
    EXPECT_THROW(read_printed_target(source, text.metadata, "a"), CorruptError);
  }
}

}  // namespace
}  // namespace grange
