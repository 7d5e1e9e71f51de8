#include "derivation/target_map_label.h"

#include <string>

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

}  // namespace
}  // namespace grange
