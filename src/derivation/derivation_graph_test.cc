#include "derivation/derivation_graph.h"

#include <atomic>

#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/derivation_forge.h"

namespace grange {
namespace {

const DerivationInput kOut{{"out"}, {}};
DerivationGraph::State state_of(const DerivationGraph& graph, const StorePath& path) {
  return graph.state(graph.find(path).value());
}
std::string problem_of(const DerivationGraph& graph, const StorePath& path) {
  return std::string(graph.problem(graph.find(path).value()));
}

TEST(DerivationGraph, KnowsEverythingOfASmallClosure) {
  DerivationForge forge;
  const auto source = forge.add_fixed("source", "content");
  const auto library =
      forge.add("library", {{source, kOut}}, DeferredOutput{}, {"dev", "lib", "out"});
  const auto program = forge.add("program", {{library, {{"dev", "lib"}, {}}}, {source, kOut}});
  const auto graph = forge.load({program}, {.check_own_paths = true});
  ASSERT_EQ(graph.size(), 3U);
  const auto index = graph.find(program).value();
  EXPECT_EQ(graph.path(index), program);
  EXPECT_EQ(graph.state(index), DerivationGraph::State::verified);
  EXPECT_EQ(graph.kind(index), DerivationKind::input_addressed);
  EXPECT_EQ(graph.output_path(index, "out"), forge.derivations.at(program).stated_path("out"));
  EXPECT_FALSE(graph.output_path(index, "dev"));
  EXPECT_EQ(graph.output_names(graph.find(library).value()),
            (std::vector<std::string>{"dev", "lib", "out"}));
  ASSERT_EQ(graph.inputs(index).size(), 2U);
  for (const auto& edge : graph.inputs(index)) {
    const bool is_library = graph.path(edge.input) == library;
    EXPECT_EQ(graph.input_outputs(edge), is_library ? (std::vector<std::string>{"dev", "lib"})
                                                    : std::vector<std::string>{"out"});
  }
  EXPECT_FALSE(graph.find(StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-x.drv")));
  EXPECT_EQ(graph.topological_order().size(), 3U);
}

TEST(DerivationGraph, GrowsWithoutChangingWhatItHas) {
  DerivationForge forge;
  const auto source = forge.add_fixed("source", "content");
  const auto floating = forge.add("floating", {{source, kOut}}, FloatingOutput{kRecursive});
  const auto library = forge.add("library", {{source, kOut}}, DeferredOutput{}, {"lib", "out"});
  const auto above = forge.add("above", {{floating, kOut}, {library, {{"lib"}, {}}}});
  const auto program = forge.add("program", {{library, kOut}, {source, kOut}, {above, kOut}});
  const auto whole = forge.load({program}, {});
  auto graph = forge.load({floating}, {.may_grow = true});
  const auto first = graph.find(floating).value();
  const auto name = graph.derivation_name(first);
  const DerivationReader reader = reader_of(forge.texts);
  graph.extend(std::vector{library}, reader);
  EXPECT_EQ(graph.size(), 3U);
  graph.extend(std::vector{library, floating}, reader);
  EXPECT_EQ(graph.size(), 3U);
  graph.extend(std::vector{program, program}, reader);
  EXPECT_EQ(graph.size(), whole.size());
  EXPECT_EQ(graph.find(floating), first);
  EXPECT_EQ(graph.derivation_name(first).data(), name.data());
  EXPECT_EQ(graph.topological_order().size(), whole.size());
  for (const auto& path : {source, floating, library, above, program}) {
    const auto grown = graph.find(path).value();
    const auto loaded = whole.find(path).value();
    EXPECT_EQ(graph.path(grown), path);
    EXPECT_EQ(graph.state(grown), DerivationGraph::State::verified);
    EXPECT_EQ(graph.kind(grown), whole.kind(loaded));
    EXPECT_EQ(graph.output_set(grown), whole.output_set(loaded));
    EXPECT_EQ(graph.drv_output_hash(grown), whole.drv_output_hash(loaded));
    EXPECT_EQ(graph.output_path(grown, "out"), whole.output_path(loaded, "out"));
    for (const auto& edge : graph.inputs(grown)) EXPECT_LT(edge.input, grown);
  }
}

TEST(DerivationGraph, WhatWasBrokenStaysSoWhenItGrows) {
  DerivationForge forge;
  const auto source = forge.add_fixed("source", "content");
  const auto library = forge.add("library", {{source, kOut}});
  const auto program = forge.add("program", {{library, kOut}});
  bool there = false;
  const DerivationReader reader = [&](const StorePath& path, std::string& text) {
    return (there || path != source) && reader_of(forge.texts)(path, text);
  };
  auto graph = DerivationGraph::load(kNix, std::vector{library}, reader, {.may_grow = true});
  there = true;
  graph.extend(std::vector{program}, reader);
  EXPECT_EQ(state_of(graph, source), DerivationGraph::State::missing);
  EXPECT_EQ(state_of(graph, program), DerivationGraph::State::unverified);
  EXPECT_EQ(graph.broken_input(graph.find(program).value()), graph.find(source));
}

TEST(DerivationGraph, RewrittenFixedDerivationsChangeNothingAbove) {
  DerivationForge forge;
  const auto mirror = forge.add("curl");
  const auto one = forge.add_fixed("source", "content");
  const auto other = forge.add_fixed("source", "content", {{mirror, kOut}});
  const auto above_one = forge.add("program", {{one, kOut}});
  const auto above_other = forge.add("program", {{other, kOut}});
  ASSERT_NE(above_one, above_other);
  const auto graph = forge.load({above_one, above_other});
  const auto set = [&](const StorePath& path) {
    return graph.output_set(graph.find(path).value()).value();
  };
  EXPECT_EQ(set(one), set(other));
  EXPECT_EQ(set(above_one), set(above_other));
  EXPECT_NE(set(one), set(above_one));
}

TEST(DerivationGraph, BrokenInputsLeaveWhatIsAboveUnverified) {
  DerivationForge forge;
  const auto bottom = forge.add("bottom");
  const auto middle = forge.add("middle", {{bottom, kOut}});
  const auto top = forge.add("top", {{middle, kOut}});
  const auto fixed = forge.add_fixed("fixed", "x", {{middle, kOut}});
  forge.texts.erase(bottom.base_name());
  const auto missing = forge.load({top, fixed});
  EXPECT_EQ(state_of(missing, bottom), DerivationGraph::State::missing);
  EXPECT_EQ(problem_of(missing, bottom), "there is no such file");
  for (const auto& path : {middle, top, fixed}) {
    const auto index = missing.find(path).value();
    EXPECT_EQ(missing.state(index), DerivationGraph::State::unverified);
    EXPECT_EQ(missing.broken_input(index), missing.find(bottom));
    EXPECT_FALSE(missing.output_set(index));
    EXPECT_FALSE(missing.drv_output_hash(index));
    EXPECT_FALSE(missing.output_path(index, "out"));
  }
  forge.texts[bottom.base_name()] = "Derive(";
  const auto malformed = forge.load({top});
  EXPECT_EQ(state_of(malformed, bottom), DerivationGraph::State::malformed);
  EXPECT_EQ(problem_of(malformed, bottom), "offset 7: the text ends too early");
  EXPECT_EQ(state_of(malformed, top), DerivationGraph::State::unverified);
}

TEST(DerivationGraph, ForgedPathsAreFound) {
  const auto replace = [](std::string text, const std::string& from, const std::string& to,
                          bool all) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
      text.replace(at, from.size(), to);
      if (!all) break;
    }
    return text;
  };
  DerivationForge forge;
  const auto path = forge.add("forged");
  const auto out = forge.derivations.at(path).stated_path("out").value();
  const auto wrong = StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-forged");
  const auto good = forge.texts.at(path.base_name());
  auto& text = forge.texts.at(path.base_name());

  text = replace(good, out.base_name(), wrong.base_name(), true);
  EXPECT_EQ(
      problem_of(forge.load({path}), path),
      "path of output 'out': specified '" + kNix.print(wrong) + "', got '" + kNix.print(out) + "'");
  text = replace(good, out.base_name(), wrong.base_name(), false);
  EXPECT_NE(problem_of(forge.load({path}), path).find("path of output"), std::string::npos);
  text = replace(good, "(\"out\",\"" + kNix.print(out) + "\")", "(\"out\",\"x\")", false);
  EXPECT_NE(problem_of(forge.load({path}), path).find("environment variable of output 'out'"),
            std::string::npos);
  text = replace(good, "(\"out\",\"" + kNix.print(out) + "\")", "(\"zut\",\"x\")", false);
  EXPECT_EQ(state_of(forge.load({path}), path), DerivationGraph::State::malformed);
  text = replace(good, "/bin/sh", "/bin/zsh", false);
  EXPECT_EQ(state_of(forge.load({path}), path), DerivationGraph::State::malformed);
}

TEST(DerivationGraph, OwnPathsAreCheckedWhenAsked) {
  DerivationForge forge;
  const auto path = forge.add("x", {}, FloatingOutput{kRecursive});
  auto& text = forge.texts.at(path.base_name());
  text.replace(text.find("/bin/sh"), 7, "/bin/zh");
  EXPECT_EQ(state_of(forge.load({path}), path), DerivationGraph::State::verified);
  const auto graph = forge.load({path}, {.check_own_paths = true});
  EXPECT_EQ(state_of(graph, path), DerivationGraph::State::malformed);
  EXPECT_TRUE(
      problem_of(graph, path)
          .starts_with("store path of the text: specified '" + path.base_name() + "', got '"));
}

TEST(DerivationGraph, UnknownOutputsOfInputsAreMalformed) {
  DerivationForge forge;
  const auto bottom = forge.add("bottom");
  const auto top = forge.add("top", {{bottom, {{"doc"}, {}}}});
  const auto problem = problem_of(forge.load({top}), top);
  EXPECT_NE(problem.find("it asks for output 'doc' of '" + bottom.base_name() +
                         "', which has no such output"),
            std::string::npos)
      << problem;
}

TEST(DerivationGraph, FloatingDeferredAndImpure) {
  DerivationForge forge;
  const auto floating = forge.add("floating", {}, FloatingOutput{kRecursive});
  const auto deferred = forge.add("deferred", {{floating, kOut}});
  const auto impure = forge.add("impure", {{floating, kOut}}, ImpureOutput{kRecursive});
  const auto above = forge.add("above", {{impure, kOut}});
  const auto fixed = forge.add_fixed("fixed", "x", {{impure, kOut}});
  const auto last = forge.add("last", {{fixed, kOut}});
  const auto graph = forge.load({deferred, above, last});
  const auto at = [&](const StorePath& path) { return graph.find(path).value(); };
  for (const auto& path : {floating, deferred, impure, above, fixed, last}) {
    EXPECT_EQ(graph.state(at(path)), DerivationGraph::State::verified) << graph.problem(at(path));
    EXPECT_TRUE(graph.drv_output_hash(at(path)));
  }
  EXPECT_EQ(graph.kind(at(deferred)), DerivationKind::deferred);
  for (const auto& path : {floating, deferred, fixed, last}) {
    EXPECT_TRUE(graph.output_set(at(path)));
  }
  EXPECT_FALSE(graph.output_set(at(impure)));
  EXPECT_FALSE(graph.output_set(at(above))) << "nothing is known of what lies above an impure one";
  EXPECT_FALSE(graph.output_path(at(deferred), "out"));
  EXPECT_TRUE(graph.output_path(at(last), "out"));
}

TEST(DerivationGraph, PathsThatCannotBeKnownMayNotBeStated) {
  DerivationForge forge;
  const auto floating = forge.add("floating", {}, FloatingOutput{kRecursive});
  const auto top =
      forge.add("top", {{floating, kOut}},
                InputAddressedOutput{StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-top")});
  const auto graph = forge.load({top});
  EXPECT_EQ(state_of(graph, top), DerivationGraph::State::malformed);
  EXPECT_NE(problem_of(graph, top).find("cannot be known"), std::string::npos);
}

TEST(DerivationGraph, DynamicInputsHaveNoOutputSet) {
  DerivationForge forge;
  const auto maker = forge.add("maker.drv", {}, FloatingOutput{kRecursive});
  DerivationInput used;
  used.dynamic["out"].outputs = {"out"};
  const auto dynamic = forge.add("dynamic", {{maker, used}});
  const auto above = forge.add("above", {{dynamic, kOut}});
  used.dynamic["doc"].outputs = {"out"};
  const auto wrong = forge.add("wrong", {{maker, used}});
  const auto graph = forge.load({above, wrong});
  for (const auto& path : {dynamic, above}) {
    EXPECT_EQ(state_of(graph, path), DerivationGraph::State::verified) << problem_of(graph, path);
    EXPECT_FALSE(graph.output_set(graph.find(path).value()));
    EXPECT_FALSE(graph.drv_output_hash(graph.find(path).value()));
  }
  EXPECT_EQ(state_of(graph, wrong), DerivationGraph::State::malformed);
}

TEST(DerivationGraph, CyclesAreReported) {
  Texts texts;
  const auto add = [&](char digit, const std::string& inputs) {
    const std::string base = std::string(32, digit) + "-x";
    texts[base + ".drv"] = "Derive([(\"out\",\"\",\"r:sha256\",\"\")],[" + inputs +
                           "],[],\"s\",\"b\",[],[(\"out\",\"\")])";
    return StorePath::parse(base + ".drv");
  };
  const auto on = [](char digit) {
    return "(\"/nix/store/" + std::string(32, digit) + "-x.drv\",[\"out\"])";
  };
  const auto a = add('a', on('b'));
  const auto b = add('b', on('c') + "," + on('d'));
  const auto c = add('c', "");
  const auto d = add('d', on('a'));
  const auto self = add('f', on('f'));
  const auto above = add('g', on('c') + "," + on('d'));
  for (const bool own : {false, true}) {
    const auto graph = DerivationGraph::load(kNix, std::vector{above, self}, reader_of(texts),
                                             {.check_own_paths = own});
    for (const auto& path : {a, b, d, self, above}) {
      EXPECT_EQ(state_of(graph, path), DerivationGraph::State::cyclic);
    }
    const std::string cycle = "cycle of derivations: " + a.base_name() + " -> " + b.base_name() +
                              " -> " + d.base_name() + " -> " + a.base_name();
    EXPECT_TRUE(problem_of(graph, b).ends_with(cycle)) << problem_of(graph, b);
    EXPECT_TRUE(problem_of(graph, above).ends_with(cycle));
    EXPECT_TRUE(problem_of(graph, self).ends_with(self.base_name() + " -> " + self.base_name()));
    EXPECT_EQ(graph.topological_order().size(), 1U);
    EXPECT_EQ(graph.path(graph.topological_order().front()), c);
  }
}

TEST(DerivationGraph, WhatIsIntactAboveACycleIsNotAtFault) {
  DerivationForge forge;
  const auto bottom = forge.add("bottom", {}, FloatingOutput{kRecursive});
  const auto top = forge.add("top", {{bottom, kOut}});
  auto& text = forge.texts.at(bottom.base_name());
  text.replace(text.find(",[],[],"), 7, ",[(\"" + kNix.print(bottom) + "\",[\"out\"])],[],");
  const auto graph = forge.load({top}, {.check_own_paths = true});
  const auto index = graph.find(top).value();
  EXPECT_EQ(graph.state(index), DerivationGraph::State::cyclic);
  EXPECT_EQ(graph.broken_input(index), graph.find(bottom));
  EXPECT_FALSE(graph.broken_input(graph.find(bottom).value()));
}

TEST(DerivationGraph, DeepChainsNeedNoStack) {
  constexpr int kDepth = 20'000;
  Texts texts;
  for (int i = 0; i < kDepth; ++i) {
    const auto base = [](int number) {
      const auto digits = std::to_string(number);
      return std::string(32 - digits.size(), '0') + digits + "-x.drv";
    };
    const std::string inputs = i == 0 ? "" : "(\"/nix/store/" + base(i - 1) + "\",[\"out\"])";
    texts[base(i)] =
        "Derive([(\"out\",\"\",\"\",\"\")],[" + inputs + "],[],\"s\",\"b\",[],[(\"out\",\"\")])";
  }
  const auto root = StorePath::parse(texts.rbegin()->first);
  const auto graph = DerivationGraph::load(kNix, {&root, 1}, reader_of(texts), {.threads = 2});
  ASSERT_EQ(graph.size(), static_cast<std::size_t>(kDepth));
  EXPECT_EQ(graph.state(kDepth - 1), DerivationGraph::State::verified);
  EXPECT_EQ(graph.path(kDepth - 1), root);
}

TEST(DerivationGraph, ErrorsOfReaders) {
  DerivationForge forge;
  const auto bottom = forge.add("bottom");
  const auto top = forge.add("top", {{bottom, kOut}});
  const auto failing = [&](auto error) -> DerivationReader {
    return [&, error](const StorePath& path, std::string& text) {
      if (path == bottom) throw error;
      return reader_of(forge.texts)(path, text);
    };
  };
  const std::vector roots = {top};
  const auto graph = DerivationGraph::load(kNix, roots, failing(DeniedError("no")));
  EXPECT_EQ(state_of(graph, bottom), DerivationGraph::State::malformed);
  EXPECT_EQ(problem_of(graph, bottom), "no");
  EXPECT_EQ(state_of(graph, top), DerivationGraph::State::unverified);
  EXPECT_THROW(DerivationGraph::load(kNix, roots, failing(UnavailableError("later"))),
               UnavailableError);
  EXPECT_THROW(DerivationGraph::load(kNix, roots, failing(std::runtime_error("bug"))),
               std::runtime_error);
}

TEST(DerivationGraph, CanBeStopped) {
  DerivationForge forge;
  std::vector<StorePath> roots;
  for (int i = 0; i < 100; ++i) roots.push_back(forge.add("x" + std::to_string(i)));
  std::stop_source stop;
  std::atomic<int> reads = 0;
  const DerivationReader reader = [&](const StorePath& path, std::string& text) {
    if (++reads == 10) stop.request_stop();
    return reader_of(forge.texts)(path, text);
  };
  EXPECT_THROW(DerivationGraph::load(kNix, roots, reader, {.threads = 2, .stop = stop.get_token()}),
               CancelledError);
  EXPECT_LT(reads, 20);
}

TEST(DerivationGraph, NoRoots) {
  const auto graph = DerivationForge().load({});
  EXPECT_EQ(graph.size(), 0U);
  EXPECT_TRUE(graph.topological_order().empty());
}

TEST(DerivationGraph, NamesThatAreNoDerivations) {
  DerivationForge forge;
  const auto root = StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-x");
  const auto tiny = StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-.drv");
  forge.texts[root.base_name()] = forge.texts[tiny.base_name()] =
      R"(Derive([("out","","","")],[],[],"s","b",[],[]))";
  const auto graph = forge.load({root, tiny});
  EXPECT_EQ(state_of(graph, root), DerivationGraph::State::malformed);
  EXPECT_EQ(state_of(graph, tiny), DerivationGraph::State::malformed);
}

}  // namespace
}  // namespace grange
