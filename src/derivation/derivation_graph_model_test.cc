#include <random>

#include <gtest/gtest.h>

#include "derivation/derivation_forge.h"

namespace grange {
namespace {

/// A random closure of every kind of derivation that can be combined.
DerivationForge random_closure(unsigned seed, std::vector<StorePath>& roots) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  DerivationForge forge;
  for (int i = 0; i < 60; ++i) {
    DerivationForge::Inputs inputs;
    for (std::size_t k = below(4); k > 0 && !roots.empty(); --k) {
      const auto& input = roots[below(roots.size())];
      for (const auto& [name, output] : forge.derivations.at(input).outputs) {
        if (below(2) == 0 || inputs[input].outputs.empty()) inputs[input].outputs.insert(name);
      }
    }
    const std::string name = "n" + std::to_string(below(4));  // equal names, often equal hashes
    const std::vector<std::string> outputs =
        below(3) == 0 ? std::vector<std::string>{"dev", "out"} : std::vector<std::string>{"out"};
    switch (below(8)) {
      case 0:
      case 1:
        roots.push_back(forge.add_fixed(name, std::to_string(below(3)), inputs));
        break;
      case 2:
        roots.push_back(forge.add(name, inputs, FloatingOutput{kRecursive}, outputs));
        break;
      case 3:
        roots.push_back(forge.add(name, inputs, ImpureOutput{kRecursive}, outputs));
        break;
      default:
        roots.push_back(forge.add(name, inputs, DeferredOutput{}, outputs));
    }
  }
  return forge;
}

TEST(DerivationGraph, AgreesWithOneByOneOnRandomClosures) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::vector<StorePath> roots;
    const DerivationForge forge = random_closure(seed, roots);
    const auto graph = forge.load(roots, {.threads = 1 + seed % 3, .check_own_paths = true});
    ASSERT_EQ(graph.size(), forge.texts.size());
    for (const auto& [path, derivation] : forge.derivations) {
      const auto index = graph.find(path).value();
      ASSERT_EQ(graph.state(index), DerivationGraph::State::verified) << graph.problem(index);
      EXPECT_EQ(graph.drv_output_hash(index), forge.modulo(path).hash.masked);
      EXPECT_EQ(graph.kind(index), derivation.kind());
      const auto paths = output_paths(kNix, derivation, forge.modulo(path));
      for (const auto& [name, output] : derivation.outputs) {
        const auto found = paths.find(name);
        EXPECT_EQ(graph.output_path(index, name),
                  found == paths.end() ? std::nullopt : std::optional(found->second));
      }
      for (const auto& edge : graph.inputs(index)) EXPECT_LT(edge.input, index);
    }
  }
}

TEST(DerivationGraph, IndicesDoNotDependOnThreads) {
  std::vector<StorePath> roots;
  const DerivationForge forge = random_closure(99, roots);
  const auto one = forge.load(roots, {.threads = 1});
  for (int round = 0; round < 10; ++round) {
    const auto other = forge.load(roots, {.threads = 4});
    ASSERT_EQ(one.size(), other.size());
    for (DerivationIndex index = 0; index < one.size(); ++index) {
      EXPECT_EQ(one.path(index), other.path(index));
    }
  }
}

}  // namespace
}  // namespace grange
