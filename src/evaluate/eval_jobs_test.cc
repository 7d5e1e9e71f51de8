#include "evaluate/eval_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "evaluate/eval_jobs_line.h"
#include "evaluate/testing_nix.h"
#include "evaluate/walker_expression.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(EvalJobsLine, ReadsTargetsAndErrors) {
  const auto target = parse_eval_jobs_line(
      R"({"attr":"a.b","attrPath":["a","b"],"name":"x","drvPath":"/nix/store/x.drv",)"
      R"("meta":{"timeout":3},"constituents":["/nix/store/y.drv"],"outputs":{"out":null}})");
  EXPECT_THAT(target.attr_path, ElementsAre("a", "b"));
  EXPECT_EQ(target.derivation_path, "/nix/store/x.drv");
  EXPECT_EQ(target.meta_json, R"({"timeout":3})");
  EXPECT_THAT(target.constituents, ElementsAre("/nix/store/y.drv"));
  const auto error = parse_eval_jobs_line(
      R"({"attr":"a.\"b.c\"","error":"\u001b[31;1merror:\u001b[0m no\n\n   at /x.nix:1:2:\n"})");
  EXPECT_THAT(error.attr_path, ElementsAre("a", "b.c"));
  EXPECT_EQ(error.error, "no\nat /x.nix:1:2");
}

TEST(EvalJobsLine, RefusesAnythingElse) {
  for (const auto* text :
       {"", "{}", "[]", "null", R"({"attr":"a"})", R"({"attr":"a..b","error":"x"})",
        R"({"attrPath":[1],"error":"x"})", R"({"attr":"a","drvPath":1})"}) {
    EXPECT_THROW(parse_eval_jobs_line(text), CorruptError) << text;
  }
}

class EvalJobsTest : public EvaluatorTest {
 protected:
  EvaluationSummary evaluate_with(std::string_view script) {
    create_directories(options.eval_store_root / "nix/store", 0755);
    write_file(options.eval_store_root / "nix/store" / (std::string(32, '0') + "-m.drv"),
               R"(Derive([("out","/nix/store/00000000000000000000000000000000-m","","")],)"
               R"([],[],"s","/b",[],[("out","/nix/store/00000000000000000000000000000000-m")]))");
    options.nix_eval_jobs_program = write_program("nix-eval-jobs", script);
    Selection selection;
    selection.expression = "{ }";
    selection.attributes = attributes;
    return evaluate(selection);
  }
  std::vector<std::string> attributes;
};

constexpr std::string_view kTarget =
    R"(echo '{"attr":"m","attrPath":["m"],"drvPath":"/nix/store/00000000000000000000000000000000-m.drv"}'
)";

TEST_F(EvalJobsTest, TakesTargetsAndErrors) {
  const auto summary = evaluate_with(std::string(kTarget) + R"(
echo '{"attr":"n","attrPath":["n"],"error":"error: no"}'
echo '{"attr":"o","attrPath":["o"],"drvPath":"/nix/store/10000000000000000000000000000000-o.drv"}'
echo 'warning: old' >&2
)");
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_EQ(sink.targets.at("m").system, "s");
  EXPECT_EQ(sink.errors.at("n"), "no");
  EXPECT_THAT(sink.errors.at("o"), HasSubstr("is not in the eval store"));
  EXPECT_THAT(sink.messages, ElementsAre("warning: old"));
}

TEST_F(EvalJobsTest, PassesTheSelection) {
  attributes = {"a.b", "c"};
  options.workers = 3;
  evaluate_with("printf '%s\\n' \"$@\" > " + (directory.path() / "words").string() + "\n");
  const auto words = read_file(directory.path() / "words");
  EXPECT_THAT(words, HasSubstr("--workers\n3\n--max-memory-size\n4096\n--meta\n--constituents\n"));
  EXPECT_THAT(words, HasSubstr("--arg\ngrange expression\n{ }\n"));
  EXPECT_THAT(words, HasSubstr("--argstr\ngrange attributes\n[[\"a\",\"b\"],[\"c\"]]\n"));
  EXPECT_THAT(words, HasSubstr("--store\n" + options.eval_store_root.string() + "\n"));
}

TEST_F(EvalJobsTest, IsIncompleteAfterACrash) {
  const auto killed = evaluate_with(std::string(kTarget) + "kill -9 $$\n");
  EXPECT_FALSE(killed.complete);
  EXPECT_EQ(killed.targets, 1U);
  EXPECT_THAT(killed.problem, HasSubstr("signal 9"));
  const auto failed =
      evaluate_with(std::string(kTarget) + "echo 'error: worker died' >&2; exit 1\n");
  EXPECT_FALSE(failed.complete);
  EXPECT_THAT(failed.problem, HasSubstr("worker died"));
}

TEST_F(EvalJobsTest, IsIncompleteAfterNonsense) {
  const auto summary = evaluate_with("echo nonsense; sleep 100\n");
  EXPECT_FALSE(summary.complete);
  EXPECT_THAT(summary.problem, HasSubstr("nonsense"));
}

TEST_F(EvalJobsTest, IsIncompleteWhenItHangs) {
  options.attribute_timeout = Seconds(0.2);
  const auto summary = evaluate_with(std::string(kTarget) + "sleep 100\n");
  EXPECT_FALSE(summary.complete);
  EXPECT_EQ(summary.targets, 1U);
  EXPECT_THAT(summary.problem, HasSubstr("printed nothing for 0.2 s"));
}

TEST_F(EvalJobsTest, RefusesASelectionThatCannotBeEvaluated) {
  EXPECT_THROW(evaluate_with("echo 'error: syntax error' >&2; exit 1\n"), InvalidError);
}

// The expression that it walks, walked by nix itself.
class EvalJobsSelectionTest : public NixEvaluatorTest {};

TEST_F(EvalJobsSelectionTest, ShowsJustTheSelection) {
  const auto expression = write("selection.nix", selection_expression());
  Selection selection;
  selection.file = expression;
  selection.arguments = {{std::string(kExpressionArgument), with_simple(R"({
    a.b = { x = simple "x"; };
    c = { q ? "c" }: simple q;
    d = abort "never";
  })")}};
  selection.string_arguments = {{std::string(kAttributesArgument), R"([["a","b"],["c"]])"}};
  // Handed through twice, so under another name.
  write("outer.nix",
        "{ attributes }: import ./selection.nix {\n  \"grange attributes\" = attributes;\n"
        "  \"grange expression\" = " +
            selection.arguments[0].second + ";\n}\n");
  selection.file = directory.path() / "outer.nix";
  selection.arguments.clear();
  selection.string_arguments = {{"attributes", R"([["a","b"],["c"]])"}};
  const auto summary = evaluate(selection);
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_THAT(sink.labels, UnorderedElementsAre("a.b.x", "c"));
}

}  // namespace
}  // namespace grange
