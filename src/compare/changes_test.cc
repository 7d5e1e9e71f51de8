#include "compare/changes.h"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare/cause_path.h"
#include "compare/change_cost.h"
#include "compare/explanation.h"
#include "compare/sample_packages.h"
#include "derivation/derivation_forge.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

/// libc ← zlib ← curl ← git, libc ← git, and a target for each but libc.
SamplePackages chain() {
  SamplePackages set;
  set.packages.resize(4);
  const std::array<const char*, 4> names = {"libc", "zlib", "curl", "git"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    set.packages[i].name = names[i];
    set.packages[i].flag = std::string("-D") + names[i];
    if (i > 0) set.packages[i].inputs.emplace_back(i - 1, std::set<std::string>{"out"});
  }
  set.packages[3].inputs.emplace_back(0, std::set<std::string>{"out"});
  set.targets = {{"zlib", 1}, {"curl", 2}, {"git", 3}};
  return set;
}

struct Explained {
  Explained(const SamplePackages& base_set, const SamplePackages& head_set)
      : base(base_set),
        head(head_set),
        read(sample_reader({&base, &head})),
        graph(DerivationGraph::load(StoreDir::nix(), derivations_to_explain(base.map(), head.map()),
                                    read, {.threads = 1})),
        changes(Changes::find(base.map(), head.map(), graph, read)) {}

  DerivationIndex of(std::size_t package) const { return *graph.find(head.derivation(package)); }

  SampleInstantiation base, head;
  DerivationReader read;
  DerivationGraph graph;
  Changes changes;
};

TEST(Changes, NothingChangedHasNoCause) {
  const Explained same(chain(), chain());
  EXPECT_TRUE(same.changes.causes().empty());
  EXPECT_TRUE(same.changes.changed().empty());
}

TEST(Changes, TellsTheFieldThatDiffers) {
  auto edited = chain();
  edited.packages[1].flag += " -O3";
  const Explained explained(chain(), edited);
  ASSERT_THAT(explained.changes.causes(), SizeIs(1));
  const auto& cause = explained.changes.causes().front();
  EXPECT_THAT(cause.fields, ElementsAre(FieldDifference{"env.flag", "-Dzlib", "-Dzlib -O3"}));
  EXPECT_EQ(cause.targets, 3U);
  EXPECT_EQ(cause.targets_alone, 3U);
  EXPECT_EQ(cause.derivations, 3U);
  EXPECT_EQ(explained.changes.cascade(), 2U);
}

TEST(Changes, FindsARenamedPackage) {
  auto edited = chain();
  edited.packages[1].name = "compression";
  const Explained explained(chain(), edited);
  ASSERT_THAT(explained.changes.causes(), SizeIs(1));
  EXPECT_EQ(explained.changes.causes().front().fields.front(),
            (FieldDifference{"name", "zlib-1.0", "compression-1.0"}));
}

TEST(Changes, AnotherInputIsTheUsersDecision) {
  auto base = chain();
  // Both versions are there before; then curl takes the other one.
  auto other = base.packages[0];
  other.version = "2.0";
  base.packages.insert(base.packages.begin() + 1, other);
  for (auto& package : base.packages) {
    for (auto& [input, used] : package.inputs) input += input > 0 ? 1 : 0;
  }
  base.targets = {{"libc2", 1}, {"zlib", 2}, {"curl", 3}};
  auto edited = base;
  edited.packages[2].inputs = {{1, {"out"}}};
  const Explained explained(base, edited);
  ASSERT_THAT(explained.changes.causes(), SizeIs(1));
  const auto& fields = explained.changes.causes().front().fields;
  EXPECT_EQ(fields.back(), (FieldDifference{"inputs", "libc-1.0", "libc-2.0"}));
  EXPECT_EQ(explained.changes.fresh(), 0U);
}

TEST(Changes, WhatStandsForNothingIsNew) {
  auto edited = chain();
  SamplePackage package;
  package.name = "novelty";
  package.flag = "-Dnovelty";
  package.builder = "/bin/other";
  edited.packages.push_back(package);
  edited.targets.emplace("novelty", 4);
  edited.packages[2].flag += " -x";
  const Explained explained(chain(), edited);
  EXPECT_EQ(explained.changes.kind(explained.of(4)), Changes::Kind::fresh);
  EXPECT_THAT(explained.changes.causes(), SizeIs(1));
  EXPECT_THAT(explained.changes.causes_of_targets().at("novelty"), ElementsAre());
}

TEST(Changes, AMissingRecipeIsToldToDiffer) {
  auto edited = chain();
  edited.packages[1].flag += " -O3";
  const SampleInstantiation base(chain()), head(edited);
  const auto all = sample_reader({&base, &head});
  const DerivationReader read = [&](const StorePath& path, std::string& text) {
    return path != head.derivation(1) && all(path, text);
  };
  const auto graph = DerivationGraph::load(
      StoreDir::nix(), derivations_to_explain(base.map(), head.map()), read, {.threads = 1});
  const auto changes = Changes::find(base.map(), head.map(), graph, read);
  ASSERT_FALSE(changes.causes().empty());
  const auto& cause = changes.causes().front();
  EXPECT_EQ(graph.path(cause.head), head.derivation(1));
  ASSERT_THAT(cause.fields, SizeIs(1));
  EXPECT_EQ(cause.fields.front().field, "recipe");
}

TEST(CausePath, IsShortestAndCounted) {
  auto edited = chain();
  edited.packages[0].flag += " -x";
  const Explained explained(chain(), edited);
  const auto path =
      find_cause_path(explained.graph, explained.changes, explained.of(3), explained.of(0));
  EXPECT_THAT(path.derivations, ElementsAre(explained.of(3), explained.of(0)));
  EXPECT_EQ(path.count, 2U);
  const auto none =
      find_cause_path(explained.graph, explained.changes, explained.of(0), explained.of(3));
  EXPECT_THAT(none.derivations, SizeIs(0));
}

TEST(ChangeCost, AddsUpWhatIsKnownAndSaysWhatIsNot) {
  auto edited = chain();
  edited.packages[0].flag += " -x";
  const Explained explained(chain(), edited);
  const auto& graph = explained.graph;
  std::vector<std::optional<double>> durations(graph.size());
  durations[explained.of(0)] = 10;
  durations[explained.of(1)] = 5;
  durations[explained.of(3)] = 2;
  const std::vector<DerivationIndex> roots = {explained.of(3)};
  const auto cost = cost_of(graph, explained.changes, roots, durations);
  EXPECT_EQ(cost.steps, 4U);
  EXPECT_EQ(cost.seconds, 17);
  EXPECT_EQ(cost.unknown_durations, 1U);
  EXPECT_EQ(cost.critical_seconds, 17);
  EXPECT_THAT(cost.critical_path,
              ElementsAre(explained.of(0), explained.of(1), explained.of(2), explained.of(3)));
  // What is there needs nothing below it.
  std::vector<bool> there(graph.size());
  there[explained.of(1)] = there[explained.of(0)] = true;
  const auto less = cost_of(graph, explained.changes, roots, durations, there);
  EXPECT_EQ(less.steps, 2U);
  EXPECT_EQ(less.there, 2U);
  EXPECT_EQ(less.critical_seconds, 2);
  const auto told = explain(graph, explained.changes, explained.head.map(), durations);
  EXPECT_EQ(told.causes.front().expected_seconds, 17);
  EXPECT_EQ(told.causes.front().unknown_durations, 1U);
}

/// A library and a user of it, the user's code in a source of its own, as Guix has it.
struct GuixSide {
  GuixSide(DerivationForge& forge, const std::string& flag, char code_digit) {
    Derivation made = derivation("lib");
    made.environment["flag"] = flag;
    library = forge.add(made);
    const auto& output = forge.derivations.at(library).outputs.at("out");
    library_output = kNix.print(std::get<InputAddressedOutput>(output).path);
    Derivation using_it = derivation("user");
    code = StorePath::parse(std::string(32, code_digit) + "-user-builder");
    using_it.inputs[library].outputs = {"out"};
    using_it.input_sources = {*code};
    using_it.arguments = {"--no-auto-compile", kNix.print(*code)};
    user = forge.add(using_it);
    map.complete = true;
    map.targets.emplace("user", Target{{"user"}, user, "", "", {}, std::nullopt, Outcome::unknown});
  }

  static Derivation derivation(const std::string& name) {
    Derivation result;
    result.name = name;
    result.system = "x86_64-linux";
    result.builder = "/gnu/guile";
    result.outputs.emplace("out", DeferredOutput{});
    result.environment["out"] = "";
    return result;
  }

  StorePath library = StorePath::parse("00000000000000000000000000000000-x");
  StorePath user = library;
  std::optional<StorePath> code;
  std::string library_output;
  TargetMap map;
};

/// Names and fields of the causes between two sides.
std::map<std::string, std::vector<std::string>> guix_causes(
    const DerivationForge& forge, const GuixSide& base, const GuixSide& head,
    const std::map<std::string, std::string>& sources = {}) {
  const DerivationReader read = [&](const StorePath& path, std::string& text) {
    const auto found = forge.texts.find(path.base_name());
    if (found == forge.texts.end()) return false;
    text = found->second;
    return true;
  };
  const SourceReader read_source = [&](const StorePath& path, std::string& content) {
    const auto found = sources.find(path.base_name());
    if (found == sources.end()) return false;
    content = found->second;
    return true;
  };
  const auto graph =
      DerivationGraph::load(kNix, derivations_to_explain(base.map, head.map), read, {.threads = 1});
  std::map<std::string, std::vector<std::string>> result;
  const auto changes = Changes::find(base.map, head.map, graph, read, read_source);
  for (const auto& cause : changes.causes()) {
    auto& fields = result[std::string(graph.derivation_name(cause.head))];
    for (const auto& field : cause.fields) fields.push_back(field.field);
  }
  return result;
}

using Causes = std::map<std::string, std::vector<std::string>>;

TEST(GuixRecipes, TheirCodeMentionsInputs) {
  DerivationForge forge;
  const GuixSide base(forge, "a", '1'), library(forge, "b", '2'), code(forge, "a", '3');
  // Its path changes with what it mentions: that alone says nothing.
  EXPECT_EQ(guix_causes(forge, base, library), (Causes{{"lib", {"env.flag"}}}));
  // Where no input changed, somebody wrote other code.
  EXPECT_EQ(guix_causes(forge, base, code), (Causes{{"user", {"recipe source"}}}));
}

TEST(GuixRecipes, TheirCodeIsComparedWhereItIsAtHand) {
  DerivationForge forge;
  const GuixSide base(forge, "a", '1'), head(forge, "b", '2');
  const auto before = base.code->base_name(), after = head.code->base_name();
  EXPECT_EQ(guix_causes(forge, base, head,
                        {{before, "(use " + base.library_output + ")"},
                         {after, "(use " + head.library_output + ")"}}),
            (Causes{{"lib", {"env.flag"}}}));
  EXPECT_EQ(guix_causes(forge, base, head,
                        {{before, "(use " + base.library_output + ")"},
                         {after, "(use-well " + head.library_output + ")"}}),
            (Causes{{"lib", {"env.flag"}}, {"user", {"recipe source"}}}));
}

}  // namespace
}  // namespace grange
