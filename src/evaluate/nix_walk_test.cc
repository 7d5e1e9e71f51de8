#include "evaluate/nix_walk.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/derivation_graph.h"
#include "evaluate/testing_nix.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST_F(NixEvaluatorTest, WalksSetsAsNixDoes) {
  const auto summary = evaluate_expression(with_simple(R"({
    one = simple "one";
    walked = { recurseForDerivations = true; two = simple "two"; deeper.three = simple "three"; };
    not-walked.four = simple "four";
    number = 4; list = [ (simple "five") ]; function = x: x;
    "dotted.name" = simple "six";
  })"));
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_EQ(summary.targets, 3U);
  EXPECT_EQ(summary.errors, 0U);
  EXPECT_THAT(sink.labels, UnorderedElementsAre("one", "walked.two", "\"dotted.name\""));
  const auto& one = sink.targets.at("one");
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.system, "x86_64-linux");
  EXPECT_EQ(one.meta_json, "{}");
  ASSERT_EQ(one.outputs.size(), 1U);
  EXPECT_EQ(one.outputs[0].second->name(), "one");
  EXPECT_THAT(sink.targets.at("\"dotted.name\"").attr_path, ElementsAre("dotted.name"));
  EXPECT_TRUE(
      std::filesystem::exists(options.eval_store_root / "nix/store" / one.derivation.base_name()));
}

TEST_F(NixEvaluatorTest, CallsFunctionsWithArguments) {
  write("set.nix", with_simple(R"(
    { a ? "unset", ... } @ all: {
      one = { b ? "b" }: simple "${a}-${b}";
      args = simple (toString (builtins.attrNames all));
      functor = { __functor = self: { b }: simple "functor-${b}"; };
      needs = { nothing }: nothing;
      plain = x: x;
    })"));
  Selection selection;
  selection.file = directory.path() / "set.nix";
  selection.arguments = {{"a", "toString (1 + 1)"}};
  selection.string_arguments = {{"b", "x"}};
  evaluate(selection);
  EXPECT_EQ(sink.targets.at("one").name, "2-x");
  EXPECT_EQ(sink.targets.at("functor").name, "functor-x");
  EXPECT_THAT(sink.messages, ElementsAre(HasSubstr("'needs' is no target")));
  // Names of ours stay out of the user's arguments; "a b" is not a valid name of a derivation.
  EXPECT_THAT(sink.errors.at("args"), HasSubstr("a b"));
  EXPECT_EQ(sink.labels.size(), 3U);
  selection.attributes = {"needs"};
  evaluate(selection);
  EXPECT_THAT(sink.errors.at("needs"), HasSubstr("argument 'nothing' has no value"));
}

TEST_F(NixEvaluatorTest, StartsAtSelectedAttributes) {
  Selection selection;
  selection.expression = with_simple(R"({
    set.inner = { x = simple "x"; };
    list = [ (simple "zero") (simple "first") ];
    text = "no derivation";
    unselected = abort "never";
  })");
  selection.attributes = {"set.inner", "list.1", "text", "missing.below", "set"};
  const auto summary = evaluate(selection);
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(sink.targets.at("set.inner.x").name, "x");
  EXPECT_EQ(sink.targets.at("list.1").name, "first");
  EXPECT_THAT(sink.errors.at("text"), HasSubstr("a string, not a derivation"));
  EXPECT_THAT(sink.errors.at("missing.below"), HasSubstr("'missing' is missing"));
  EXPECT_EQ(sink.labels.size(), 4U);
}

TEST_F(NixEvaluatorTest, TakesASingleDerivation) {
  EXPECT_TRUE(evaluate_expression(with_simple("simple \"alone\"")).complete);
  EXPECT_EQ(sink.targets.at("").name, "alone");
}

TEST_F(NixEvaluatorTest, GivesEveryMistakeItsOwnError) {
  const auto summary = evaluate_expression(with_simple(R"({
    aborts = abort "on purpose";
    asserts = assert 1 == 2; simple "never";
    loops = let x = x; in x;
    mistypes = simple (1 + "x");
    misses = { }.nothing;
    throws = throw "thrown\nin two lines";
    imports = import (simple "imported");
    overflows = let f = n: 1 + f n; in simple (toString (f 0));
    forged = { type = "derivation"; drvPath = "/nix/store/00000000000000000000000000000000-x.drv"; };
    no-path = { type = "derivation"; drvPath = "nonsense"; };
    zz-good = simple "good";
  })"));
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_EQ(summary.targets, 1U);
  EXPECT_EQ(summary.errors, 10U);
  EXPECT_TRUE(sink.targets.contains("zz-good"));
  EXPECT_THAT(sink.errors.at("aborts"), HasSubstr("on purpose"));
  EXPECT_THAT(sink.errors.at("asserts"), HasSubstr("'(1 == 2)' failed"));
  EXPECT_THAT(sink.errors.at("loops"), HasSubstr("infinite recursion"));
  EXPECT_THAT(sink.errors.at("mistypes"), HasSubstr("cannot add a string to an integer\nat "));
  EXPECT_THAT(sink.errors.at("misses"), HasSubstr("attribute 'nothing' missing"));
  EXPECT_EQ(sink.errors.at("throws"), "thrown\nin two lines");
  EXPECT_THAT(sink.errors.at("imports"), HasSubstr("-imported.drv"));
  EXPECT_THAT(sink.errors.at("overflows"), HasSubstr("stack overflow"));
  EXPECT_THAT(sink.errors.at("forged"), HasSubstr("is not in the eval store"));
  EXPECT_THAT(sink.errors.at("no-path"), HasSubstr("nonsense"));
}

TEST_F(NixEvaluatorTest, GivesAFileThatEndsTooEarlyItsOwnError) {
  write("short.nix", "{ a = 1;");
  write("set.nix", with_simple(R"({
    a-good = simple "good";
    broken = import ./short.nix;
    other-good = simple "good";
  })"));
  options.attribute_timeout = Seconds(60);
  Selection selection;
  selection.file = directory.path() / "set.nix";
  const auto summary = evaluate(selection);
  EXPECT_TRUE(summary.complete) << summary.problem;
  EXPECT_EQ(summary.targets, 2U);
  EXPECT_THAT(sink.errors.at("broken"), HasSubstr("unexpected end of file"));
  selection.file = directory.path() / "short.nix";
  EXPECT_THROW(evaluate(selection), InvalidError);
}

TEST_F(NixEvaluatorTest, GivesABrokenSetItsOwnError) {
  const auto summary = evaluate_expression(with_simple(R"({
    good = simple "good";
    broken = { recurseForDerivations = true; } // throw "no names";
    undecided = { recurseForDerivations = throw "undecided"; };
  })"));
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(sink.errors.at("broken"), "no names");
  EXPECT_EQ(sink.errors.at("undecided"), "undecided");
  EXPECT_TRUE(sink.targets.contains("good"));
}

TEST_F(NixEvaluatorTest, KeepsWhatJsonCanHoldOfMeta) {
  evaluate_expression(with_simple(R"({
    one = simple "one" // { meta = {
      description = "say \"x\"\n";
      maintainers = [ { name = "n"; } "m" ];
      timeout = 10; rate = 0.5; broken = false;
      function = x: x; path = /etc; package = simple "other"; throws = throw "no";
      mixed = [ 1 (x: x) ];
    }; };
    aborting = simple "aborting" // { meta = { description = "d"; worse = abort "meta"; }; };
    odd = simple "odd" // { meta = "text"; };
    deep = simple "deep" // { meta = let x = { inherit x; }; in x; };
  })"));
  EXPECT_EQ(sink.targets.at("one").meta_json,
            R"({"broken":false,"description":"say \"x\"\n","maintainers":[{"name":"n"},"m"],)"
            R"("mixed":[1,null],"path":"/etc","rate":0.5,"timeout":10})");
  // A target can be built whatever its meta is.
  EXPECT_EQ(sink.targets.at("aborting").meta_json, "{}");
  EXPECT_THAT(sink.messages, testing::Contains(HasSubstr("meta of 'aborting'")));
  EXPECT_EQ(sink.targets.at("odd").meta_json, "{}");
  EXPECT_THAT(sink.targets.at("deep").meta_json, HasSubstr("null"));
  EXPECT_TRUE(sink.errors.empty());
}

TEST_F(NixEvaluatorTest, NamesConstituents) {
  evaluate_expression(with_simple(R"(rec {
    one = simple "one";
    two = simple "two";
    broken = throw "no";
    all = simple "all" // { _hydraAggregate = true; constituents = [ one "two" "${two}" ]; };
    bad = simple "bad" // { _hydraAggregate = true; constituents = [ "one" "broken" ]; };
    globbed = simple "globbed" // {
      _hydraAggregate = true; _hydraGlobConstituents = true; constituents = [ "o*" "t*" ];
    };
    no-aggregate = simple "plain" // { constituents = [ one ]; };
  })"));
  const auto path_of = [&](const char* label) {
    return StoreDir::nix().print(sink.targets.at(label).derivation);
  };
  EXPECT_THAT(sink.targets.at("all").constituents,
              UnorderedElementsAre(path_of("one"), "two", path_of("two")));
  EXPECT_THAT(sink.errors.at("bad"), HasSubstr("'broken' cannot be evaluated"));
  // What is named by its label becomes an input.
  const auto all = sink.targets.at("all");
  const auto real_store = options.eval_store_root / "nix/store";
  const auto recipe = parse_aterm(StoreDir::nix(), all.derivation.derivation_name(),
                                  read_file(real_store / all.derivation.base_name(), 1 << 20));
  EXPECT_TRUE(recipe.inputs.contains(sink.targets.at("two").derivation));
  EXPECT_EQ(derivation_path(StoreDir::nix(), recipe), all.derivation);
  EXPECT_EQ(recipe.stated_path("out"), all.outputs.front().second);
  const auto graph = DerivationGraph::load(StoreDir::nix(), std::vector<StorePath>{all.derivation},
                                           directory_reader(real_store));
  EXPECT_EQ(graph.output_path(graph.find(all.derivation).value(), "out"),
            recipe.stated_path("out"));
  EXPECT_THAT(sink.targets.at("globbed").constituents, ElementsAre("one", "two"));
  EXPECT_TRUE(sink.targets.at("no-aggregate").constituents.empty());
}

TEST_F(NixEvaluatorTest, BelievesNoForgedReports) {
  evaluate_expression(with_simple(R"({
    liar = builtins.trace "00000000000000000000000000000000 derivation 0 {}"
      (builtins.trace "two\ntrace: lines" (simple "liar"));
  })"));
  EXPECT_THAT(sink.labels, ElementsAre("liar"));
  EXPECT_THAT(sink.messages, ElementsAre(HasSubstr("derivation 0"), "trace: two", "trace: lines"));
}

TEST_F(NixEvaluatorTest, RefusesSelectionsThatCannotBeEvaluated) {
  EXPECT_THROW(evaluate_expression("{ a = "), InvalidError);
  EXPECT_THROW(evaluate_expression("throw \"the root\""), InvalidError);
  EXPECT_THROW(evaluate_expression("[ 1 ]"), InvalidError);
  EXPECT_THROW(evaluate_expression("let f = n: 1 + f n; in f 0"), InvalidError);
  write("broken.nix", "{ a = 1; b }");
  Selection selection;
  selection.file = directory.path() / "broken.nix";
  try {
    evaluate(selection);
    FAIL() << "it was evaluated";
  } catch (const InvalidError& error) {
    EXPECT_THAT(error.message(), HasSubstr("broken.nix:1:"));
  }
  selection.file = directory.path() / "nothing.nix";
  EXPECT_THROW(evaluate(selection), NotFoundError);
  EXPECT_TRUE(sink.labels.empty());
}

TEST_F(NixEvaluatorTest, SaysWhenThereIsNoNix) {
  options.nix_program = (directory.path() / "no-nix").string();
  EXPECT_THROW(evaluate_expression("{ }"), NotFoundError);
}

TEST_F(NixEvaluatorTest, EndsWhatTakesTooLong) {
  ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
  options.attribute_timeout = Seconds(0.3);
  const auto summary = evaluate_expression(
      with_simple("{ good = simple \"good\"; hangs = builtins.readFile \"" +
                  (directory.path() / "fifo").string() + "\"; other = simple \"other\"; }"));
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.targets, 2U);
  EXPECT_THAT(sink.errors.at("hangs"), HasSubstr("took more than 0.3 s"));
}

TEST_F(NixEvaluatorTest, EndsARootThatHangs) {
  ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
  options.attribute_timeout = Seconds(0.2);
  const auto summary =
      evaluate_expression("builtins.readFile \"" + (directory.path() / "fifo").string() + "\"");
  EXPECT_FALSE(summary.complete);
  EXPECT_THAT(summary.problem, HasSubstr("took more than 0.2 s"));
}

TEST_F(NixEvaluatorTest, EndsWhatEatsMemory) {
  options.max_memory = std::uint64_t{128} << 20;
  const auto summary = evaluate_expression(with_simple(R"({
    a = simple "a";
    eats = simple (toString (builtins.length (builtins.genList (i: i) 100000000)));
    z = simple "z";
  })"));
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.targets, 2U);
  EXPECT_THAT(sink.errors.at("eats"), HasSubstr("128 MiB"));
}

TEST_F(NixEvaluatorTest, StopsWhenAsked) {
  ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
  std::stop_source source;
  Selection selection;
  selection.expression =
      "{ hangs = builtins.readFile \"" + (directory.path() / "fifo").string() + "\"; }";
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    source.request_stop();
  });
  EXPECT_THROW(evaluate(selection, source.get_token()), CancelledError);
}

TEST_F(NixEvaluatorTest, SharesAWideSetAmongWorkers) {
  options.workers = 3;
  const auto summary = evaluate_expression(with_simple(R"(
    let slow = i: builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) (2000 + i)); in
    builtins.listToAttrs (builtins.genList (i: {
      name = "t${toString i}";
      value = if builtins.bitAnd i 63 == 0 then abort "x" else simple "t${toString (slow i)}";
    }) 300)
  )"));
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.targets, 295U);
  EXPECT_EQ(summary.errors, 5U);
}

TEST_F(NixEvaluatorTest, BoundsTheDepthOfSets) {
  const auto summary = evaluate_expression(
      "let x = { recurseForDerivations = true; inner = x; }; in { inherit x; }");
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.errors, 1U);
  EXPECT_THAT(sink.errors.begin()->second, HasSubstr("64 sets deep"));
}

TEST_F(NixEvaluatorTest, AnEvaluationHasATimeLimitAsAWhole) {
  options.timeout = Seconds(1);
  options.workers = 1;
  const auto summary = evaluate_expression(with_simple(R"(
    let
      numbers = builtins.genList (x: x) 2000;
      slow = i: builtins.foldl' (a: b: builtins.foldl' (c: d: c) a numbers) i numbers;
    in
    { a = simple "a"; } // builtins.listToAttrs (builtins.genList (i: {
      name = "t${toString i}"; value = simple "t${toString (slow i)}";
    }) 1000))"));
  EXPECT_FALSE(summary.complete);
  EXPECT_THAT(summary.problem, HasSubstr("took more than 1.0 s in all"));
  EXPECT_TRUE(sink.targets.contains("a"));
}

}  // namespace
}  // namespace grange
