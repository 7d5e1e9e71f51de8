#include "compare/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "compare/sample_packages.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A fetcher, two sources fetched with it, two packages made of them, one above both.
SamplePackages sample() {
  SamplePackages set;
  const auto source = [](const std::string& name) {
    SamplePackage package;
    package.name = name;
    package.fixed = true;
    package.content = name;
    package.url = "http://example.org/" + name;
    package.inputs = {{0, {"out"}}};
    return package;
  };
  const auto made_of = [](const std::string& name,
                          std::vector<std::pair<std::size_t, std::set<std::string>>> inputs) {
    SamplePackage package;
    package.name = name;
    package.outputs = {"dev", "out"};
    package.inputs = std::move(inputs);
    return package;
  };
  set.packages = {made_of("fetcher", {}),       source("a-source"),
                  source("b-source"),           made_of("a", {{1, {"out"}}}),
                  made_of("b", {{2, {"out"}}}), made_of("c", {{3, {"dev", "out"}}, {4, {"dev"}}})};
  set.targets = {{"a", 3}, {"b", 4}, {"c", 5}};
  return set;
}

class Sides {
 public:
  Sides(const SamplePackages& base, const SamplePackages& head)
      : base_(base), head_(head), read_(sample_reader({&base_, &head_})) {}

  DerivationReader& reader() { return read_; }
  const SampleInstantiation& base() const { return base_; }
  TargetMap& head_map() { return head_map_; }

  Comparison compare() const {
    const auto roots = derivations_to_compare(base_.map(), head_map_);
    const auto graph = DerivationGraph::load(StoreDir::nix(), roots, read_, {.threads = 1});
    return compare_targets(base_.map(), head_map_, graph, read_);
  }

 private:
  SampleInstantiation base_, head_;
  TargetMap head_map_ = head_.map();
  DerivationReader read_;
};

std::vector<std::string> verdicts(const Comparison& comparison) {
  std::vector<std::string> texts;
  for (const auto& target : comparison.targets) {
    texts.push_back(target.label + " " + std::string(to_string(target.verdict)));
  }
  return texts;
}

TEST(Compare, NothingIsLoadedWhereNothingDiffers) {
  const SampleInstantiation side(sample());
  EXPECT_THAT(derivations_to_compare(side.map(), side.map()), IsEmpty());
  const DerivationReader never = [](const StorePath&, std::string&) -> bool {
    ADD_FAILURE() << "read";
    return false;
  };
  const auto graph = DerivationGraph::load(StoreDir::nix(), {}, never);
  const auto comparison = compare_targets(side.map(), side.map(), graph, never);
  EXPECT_THAT(verdicts(comparison), ElementsAre("a same", "b same", "c same"));
  EXPECT_EQ(comparison.same, 3U);
}

TEST(Compare, AnotherUrlIsEquivalentAndNamed) {
  auto head = sample();
  head.packages[1].url = "http://mirror.example.org/a-source";
  const auto comparison = Sides(sample(), head).compare();
  EXPECT_THAT(verdicts(comparison), ElementsAre("a equivalent", "b same", "c equivalent"));
  ASSERT_EQ(comparison.rewritten.size(), 1U);
  const auto& rewritten = comparison.rewritten.front();
  EXPECT_THAT(rewritten.fields, ElementsAre("env.url"));
  EXPECT_EQ(rewritten.base.name(), "a-source-1.0.drv");
  EXPECT_EQ(rewritten.head.name(), "a-source-1.0.drv");
  EXPECT_NE(rewritten.base, rewritten.head);
  EXPECT_EQ(rewritten.recipes, 1U);
}

TEST(Compare, AnotherFlagChangesWhatIsAbove) {
  auto head = sample();
  head.packages[3].flag = "-O3";
  const auto comparison = Sides(sample(), head).compare();
  EXPECT_THAT(verdicts(comparison), ElementsAre("a changed", "b same", "c changed"));
  EXPECT_EQ(comparison.changed, 2U);
  EXPECT_EQ(comparison.unverified, 0U);
  EXPECT_THAT(comparison.rewritten, IsEmpty());
}

TEST(Compare, AChangedFetcherRewritesNoSource) {
  auto head = sample();
  head.packages[0].flag = "--ipv6";
  auto comparison = Sides(sample(), head).compare();
  EXPECT_THAT(verdicts(comparison), ElementsAre("a equivalent", "b equivalent", "c equivalent"));
  EXPECT_THAT(comparison.rewritten, IsEmpty());
  // Another version of it is another input of the same package.
  head.packages[0].version = "2.0";
  EXPECT_THAT(Sides(sample(), head).compare().rewritten, IsEmpty());
  // Another package is another way to fetch.
  head.packages[0].name = "downloader";
  comparison = Sides(sample(), head).compare();
  ASSERT_EQ(comparison.rewritten.size(), 2U);
  EXPECT_THAT(comparison.rewritten[0].fields, ElementsAre("env.dependencies", "inputs"));
}

TEST(Compare, EveryFieldIsNamed) {
  auto head = sample();
  head.packages[2].builder = "/bin/bash";
  head.packages[2].system = "i686-linux";
  head.packages[2].flag = "x";
  const auto comparison = Sides(sample(), head).compare();
  ASSERT_EQ(comparison.rewritten.size(), 1U);
  EXPECT_THAT(comparison.rewritten.front().fields,
              ElementsAre("builder", "env.flag", "env.system", "system"));
}

TEST(Compare, ManyRecipesOfOneOutputSetAreOneEntry) {
  const auto twice = [] {
    auto set = sample();
    SamplePackage other_fetcher;
    other_fetcher.name = "other-fetcher";
    set.packages.push_back(other_fetcher);
    auto source = set.packages[1];
    source.inputs = {{6, {"out"}}};
    set.packages.push_back(source);
    SamplePackage d;
    d.name = "d";
    d.inputs = {{7, {"out"}}};
    set.packages.push_back(d);
    set.targets.emplace("d", 8);
    return set;
  };
  auto head = twice();
  head.packages[1].url = head.packages[7].url = "http://mirror.example.org/";
  const auto comparison = Sides(twice(), head).compare();
  EXPECT_THAT(verdicts(comparison),
              ElementsAre("a equivalent", "b same", "c equivalent", "d equivalent"));
  ASSERT_EQ(comparison.rewritten.size(), 1U);
  EXPECT_EQ(comparison.rewritten.front().recipes, 2U);
  EXPECT_THAT(comparison.rewritten.front().fields, ElementsAre("env.url"));
}

TEST(Compare, NewRemovedAndFailedLabels) {
  auto head = sample();
  head.targets.erase("a");
  head.targets.erase("b");
  head.targets.emplace("d", 4);
  Sides sides(sample(), head);
  sides.head_map().errors.emplace("b", TargetError{{"b"}, "it throws"});
  const auto comparison = sides.compare();
  EXPECT_THAT(verdicts(comparison), ElementsAre("a removed", "c same", "d new"));
  EXPECT_EQ(comparison.removed, 1U);
  EXPECT_EQ(comparison.added, 1U);
}

TEST(Compare, AnIncompleteClosureIsUnverified) {
  auto head = sample();
  head.packages[1].url = "http://mirror.example.org/a-source";
  Sides sides(sample(), head);
  const auto whole = sides.reader();
  for (const std::size_t missing : {1U, 3U}) {  // a source, the target itself
    const auto gone = sides.base().derivation(missing);
    sides.reader() = [&, gone](const StorePath& path, std::string& text) {
      return path != gone && whole(path, text);
    };
    const auto comparison = sides.compare();
    EXPECT_THAT(verdicts(comparison),
                ElementsAre("a changed (unverified)", "b same", "c changed (unverified)"));
    EXPECT_EQ(comparison.changed, 2U);
    EXPECT_EQ(comparison.unverified, 2U);
  }
}

TEST(Compare, AForgedOutputPathIsUnverified) {
  auto head = sample();
  head.packages[3].flag = "-O3";
  const SampleInstantiation base(sample()), changed(head);
  const auto whole = sample_reader({&base, &changed});
  // The changed one claims the outputs of the one in the base.
  std::string honest;
  ASSERT_TRUE(whole(base.derivation(3), honest));
  const auto output_of = [](const std::string& text) {
    return text.substr(text.find("(\"dev\",\"") + 8, 55);
  };
  const DerivationReader forged = [&](const StorePath& path, std::string& text) {
    if (!whole(path, text)) return false;
    if (path != changed.derivation(3)) return true;
    const auto claimed = output_of(honest), real = output_of(text);
    for (auto at = text.find(real); at != std::string::npos; at = text.find(real)) {
      text.replace(at, real.size(), claimed);
    }
    return true;
  };
  const auto roots = derivations_to_compare(base.map(), changed.map());
  const auto graph = DerivationGraph::load(StoreDir::nix(), roots, forged);
  EXPECT_THAT(verdicts(compare_targets(base.map(), changed.map(), graph, forged)),
              ElementsAre("a changed (unverified)", "b same", "c changed (unverified)"));
}

TEST(Compare, RefusesMapsOfTwoStores) {
  const SampleInstantiation nix(sample()), guix(sample(), StoreDir::parse("/gnu/store"));
  const auto read = sample_reader({&nix, &guix});
  const auto graph = DerivationGraph::load(StoreDir::nix(), {}, read);
  EXPECT_THROW(compare_targets(nix.map(), guix.map(), graph, read), InvalidError);
  const TargetMap nothing;
  EXPECT_EQ(compare_targets(nothing, guix.map(), graph, read).added, 3U);
}

}  // namespace
}  // namespace grange
