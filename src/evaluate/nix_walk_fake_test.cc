#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "evaluate/testing_nix.h"

namespace grange {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// Evaluators that misbehave as the real one never would on command. `report KIND INDEX JSON`
/// speaks as the walker; each script fills in `members`, which visits [$2, $2 + $3).
constexpr std::string_view kFakeNix = R"(
report() { echo "trace: $token $*" >&2; }
derivation() {
  report derivation "$1" "{\"name\":\"m$1\",\"drvPath\":\"/nix/store/$(printf %032d "$1")-m.drv\",\"meta\":false}"
}
before_open() { :; }
)";
constexpr std::string_view kFakeLoop = R"(
while read -r word first second third rest; do
  case $word in
    walker) token=${third#\"}; token=${token%% *} ;;
    walker.open) before_open; report open 0 '{}' ;;
    walker.selected) report set 0 '{"name":"","members":["m0","m1","m2"]}' ;;
    walker.members) members "$first" "$second" "$third" ;;
    builtins.trace) report done "$third" '{}' ;;
  esac
done
)";

class FakeNixTest : public EvaluatorTest {
 protected:
  EvaluationSummary evaluate_with(std::string_view behaviour) {
    create_directories(options.eval_store_root / "nix/store", 0755);
    for (char digit = '0'; digit < '3'; ++digit) {
      write_file(options.eval_store_root / "nix/store" / (std::string(31, '0') + digit + "-m.drv"),
                 R"(Derive([("out","/nix/store/00000000000000000000000000000000-m","","")],)"
                 R"([],[],"s","/b",[],[("out","/nix/store/00000000000000000000000000000000-m")]))");
    }
    options.nix_program =
        write_program("nix", std::string(kFakeNix).append(behaviour).append(kFakeLoop));
    return evaluate_expression("{ }");
  }
};

constexpr std::string_view kGoodMembers = R"(
members() { for ((i = $2; i < $2 + $3; ++i)); do derivation $i; done; }
)";

TEST_F(FakeNixTest, SpeaksTheProtocol) {
  const auto summary = evaluate_with(kGoodMembers);
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_THAT(sink.labels, UnorderedElementsAre("m0", "m1", "m2"));
}

TEST_F(FakeNixTest, NoticesAnEvaluatorThatEndsEarly) {
  // Exit code 0 in the middle, and no error: nothing says that this is the end.
  const auto summary = evaluate_with("members() { [ $2 = 0 ] && derivation 0; exit 0; }");
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.targets, 1U);
  EXPECT_THAT(sink.errors.at("m1"), HasSubstr("exit code 0, 3 times"));
  EXPECT_THAT(sink.errors.at("m2"), HasSubstr("exit code 0, 3 times"));
}

TEST_F(FakeNixTest, NoticesWhatIsLeftOut) {
  const auto summary = evaluate_with("members() { [ $2 = 1 ] || derivation $2; }");
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.targets, 2U);
  EXPECT_THAT(sink.errors.at("m1"), HasSubstr("neither a result nor an error"));
}

TEST_F(FakeNixTest, NoticesOtherAttributes) {
  const auto summary = evaluate_with(R"(
members() { for ((i = $2; i < $2 + $3; ++i)); do report other $i '{"name":"n","type":"int"}'; done; }
)");
  EXPECT_EQ(summary.errors, 3U);
  EXPECT_THAT(sink.errors.at("m0"), HasSubstr("not pure"));
}

TEST_F(FakeNixTest, TrustsNoEvaluatorThatTalksNonsense) {
  const auto summary = evaluate_with("members() { report derivation 7 nonsense; }");
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.errors, 3U);
  EXPECT_THAT(sink.errors.at("m0"), HasSubstr("protocol, 3 times"));
}

TEST_F(FakeNixTest, ForgivesTwoDeaths) {
  const auto count = directory.path() / "deaths";
  const auto summary = evaluate_with(std::string(kGoodMembers) + R"(
members() {
  echo >> )" + count.string() + R"(
  if [ $(wc -l < )" + count.string() +
                                     R"() -le 2 ]; then kill -9 $$; fi
  for ((i = $2; i < $2 + $3; ++i)); do derivation $i; done
}
)");
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.targets, 3U);
}

TEST_F(FakeNixTest, IsIncompleteWhenNoEvaluatorLivesLongEnough) {
  const auto summary = evaluate_with(std::string(kGoodMembers) + "before_open() { kill -9 $$; }\n");
  EXPECT_FALSE(summary.complete);
  EXPECT_EQ(summary.targets, 0U);
  EXPECT_THAT(summary.problem, HasSubstr("signal 9 (Killed)"));
}

TEST_F(FakeNixTest, ForgivesADeathBeforeTheBeginning) {
  const auto mark = directory.path() / "mark";
  const auto summary =
      evaluate_with(std::string(kGoodMembers) + "before_open() { if [ ! -e " + mark.string() +
                    " ]; then touch " + mark.string() + "; kill -9 $$; fi; }\n");
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_EQ(summary.targets, 3U);
}

TEST_F(FakeNixTest, ReadsReportsBehindHalfALine) {
  const auto summary = evaluate_with(R"(
members() { for ((i = $2; i < $2 + $3; ++i)); do printf 'fetching...' >&2; derivation $i; done; }
)");
  EXPECT_EQ(summary.targets, 3U);
}

TEST_F(FakeNixTest, WhoWaitsForWhatItImportsIsNotLate) {
  const auto mark = directory.path() / "mark";
  options.attribute_timeout = Seconds(0.2);
  int asked = 0;
  options.imports = EvaluateOptions::Imports{
      directory.path() / "socket", options.eval_store_root, [&](pid_t evaluator) {
        EXPECT_GT(evaluator, 0);
        if (++asked == 40) write_file(mark, "");  // looked at each 25 ms: long after the limit
        return true;
      }};
  const auto summary = evaluate_with(std::string(kGoodMembers) + "before_open() { while [ ! -e " +
                                     mark.string() + " ]; do sleep 0.01; done; }\n");
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_EQ(summary.targets, 3U);
  EXPECT_GE(asked, 40);
}

TEST_F(FakeNixTest, ImportsGoThroughTheSocket) {
  const auto words = directory.path() / "words";
  options.imports = EvaluateOptions::Imports{directory.path() / "socket", options.eval_store_root};
  const auto summary = evaluate_with("echo \"$*\" \"$NIX_CONFIG\" > " + words.string() + "\n" +
                                     std::string(kGoodMembers));
  EXPECT_EQ(summary.targets, 3U);
  const auto text = read_file(words);
  EXPECT_THAT(text, HasSubstr("--store unix://" + (directory.path() / "socket").string() +
                              "?root=" + options.eval_store_root.string()));
  EXPECT_THAT(text, HasSubstr("allow-import-from-derivation = true"));
}

}  // namespace
}  // namespace grange
