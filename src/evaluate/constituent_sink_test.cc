#include "evaluate/constituent_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "evaluate/testing_sink.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

EvaluatedTarget target_of(std::string label, std::vector<std::string> constituents = {}) {
  return {label,
          {label},
          StorePath::parse("00000000000000000000000000000000-" + label + ".drv"),
          label,
          "s",
          {},
          "{}",
          std::move(constituents)};
}

class ConstituentSinkTest : public testing::Test {
 protected:
  CollectingSink collected;
  ConstituentSink sink{collected};
};

TEST_F(ConstituentSinkTest, LetsEachLabelThroughOnce) {
  sink.target(target_of("a"));
  sink.target(target_of("a"));
  sink.error({"b", {"b"}, "no"});
  sink.error({"a", {"a"}, "no"});
  EXPECT_EQ(collected.targets.size(), 1U);
  EXPECT_EQ(sink.targets(), 1U);
  EXPECT_EQ(sink.errors(), 1U);
}

TEST_F(ConstituentSinkTest, HoldsNamedConstituentsBackUntilAllIsKnown) {
  sink.aggregate(target_of("all", {"later"}), false);
  sink.aggregate(target_of("paths", {"/nix/store/x.drv"}), false);
  EXPECT_FALSE(collected.targets.contains("all"));
  EXPECT_TRUE(collected.targets.contains("paths"));
  sink.target(target_of("later"));
  sink.finish(true);
  EXPECT_THAT(collected.targets.at("all").constituents, ElementsAre("later"));
  EXPECT_EQ(sink.targets(), 3U);
}

TEST_F(ConstituentSinkTest, GivesAggregatesWhatTheyName) {
  std::map<std::string, std::vector<StorePath>> joined;
  ConstituentSink joining(
      collected, [&](EvaluatedTarget& target, const std::vector<StorePath>& constituents) {
        if (target.label == "broken") throw InvalidError("cannot be joined");
        joined[target.label] = constituents;
        target.derivation = StorePath::parse(std::string(32, '1') + "-" + target.label + ".drv");
      });
  joining.aggregate(target_of("outer", {"all", "one"}), false);
  joining.aggregate(target_of("all", {"one", "/nix/store/x.drv"}), false);
  joining.aggregate(target_of("broken", {"one"}), false);
  joining.target(target_of("one"));
  joining.finish(true);
  const auto one = target_of("one").derivation;
  EXPECT_THAT(joined.at("all"), ElementsAre(one));
  EXPECT_THAT(joined.at("outer"), ElementsAre(collected.targets.at("all").derivation, one));
  EXPECT_THAT(collected.errors.at("broken"), HasSubstr("cannot be joined"));
  EXPECT_FALSE(collected.targets.contains("broken"));
}

TEST_F(ConstituentSinkTest, RefusesMissingFailedAndCyclicConstituents) {
  sink.error({"broken", {"broken"}, "no"});
  sink.target(target_of("good"));
  sink.aggregate(target_of("of-missing", {"nothing"}), false);
  sink.aggregate(target_of("of-broken", {"broken"}), false);
  sink.aggregate(target_of("a-of-of-broken", {"of-broken", "good"}), false);
  sink.aggregate(target_of("one", {"two"}), false);
  sink.aggregate(target_of("two", {"one"}), false);
  sink.aggregate(target_of("self", {"self"}), false);
  sink.aggregate(target_of("fine", {"deeper"}), false);
  sink.aggregate(target_of("deeper", {"good"}), false);
  sink.finish(true);
  EXPECT_THAT(collected.errors.at("of-missing"), HasSubstr("'nothing' does not exist"));
  EXPECT_THAT(collected.errors.at("of-broken"), HasSubstr("'broken' cannot be evaluated"));
  EXPECT_THAT(collected.errors.at("a-of-of-broken"), HasSubstr("'of-broken' cannot be"));
  EXPECT_THAT(collected.errors.at("one"), HasSubstr("cycle"));
  EXPECT_THAT(collected.errors.at("two"), HasSubstr("cycle"));
  EXPECT_THAT(collected.errors.at("self"), HasSubstr("cycle"));
  EXPECT_TRUE(collected.targets.contains("fine"));
  EXPECT_TRUE(collected.targets.contains("deeper"));
}

TEST_F(ConstituentSinkTest, ExpandsGlobs) {
  sink.target(target_of("test-a"));
  sink.target(target_of("test-b"));
  sink.target(target_of("other"));
  sink.aggregate(target_of("test-all", {"test-*"}), true);
  sink.aggregate(target_of("test-none", {"none-*"}), true);
  sink.finish(true);
  // test-none matches test-* and has failed, and so has test-all with it.
  EXPECT_THAT(collected.errors.at("test-none"), HasSubstr("match nothing"));
  EXPECT_THAT(collected.errors.at("test-all"), HasSubstr("'test-none'"));
}

TEST_F(ConstituentSinkTest, ExpandsGlobsToAllButItself) {
  sink.target(target_of("a"));
  sink.target(target_of("b"));
  sink.aggregate(target_of("all", {"*"}), true);
  sink.finish(true);
  EXPECT_THAT(collected.targets.at("all").constituents, ElementsAre("a", "b"));
}

TEST_F(ConstituentSinkTest, JudgesNothingWhenIncomplete) {
  sink.aggregate(target_of("all", {"nothing"}), false);
  sink.finish(false);
  EXPECT_TRUE(collected.targets.contains("all"));
  EXPECT_EQ(sink.errors(), 0U);
}

}  // namespace
}  // namespace grange
