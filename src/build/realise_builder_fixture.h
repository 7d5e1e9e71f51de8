#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "build/realise.h"
#include "build/realise_test_world.h"
#include "build/test_builder.h"

namespace grange {

/// Whole realisations: real stores, real processes.
class RealiseBuilderTest : public BuilderTest {
 protected:
  struct Done {
    explicit Done(DerivationGraph of) : graph(std::move(of)), observer(graph) {}
    DerivationGraph graph;
    RecordingRealiseObserver observer;
    std::vector<Realised> finished;
  };

  RealiseOptions options(unsigned jobs = 2) {
    RealiseOptions result;
    result.jobs = jobs;
    result.policy = local_policy(world().config, GetParam());
    return result;
  }

  std::vector<RealiseRequest> requests(const Done& done,
                                       const std::vector<std::size_t>& numbers) const {
    std::vector<RealiseRequest> result;
    for (const auto number : numbers) {
      result.push_back({tests_.index(done.graph, number), {}, {}});
    }
    return result;
  }

  std::unique_ptr<Done> run(const std::vector<std::size_t>& numbers) {
    return run(numbers, options(), world());
  }
  std::unique_ptr<Done> run(const std::vector<std::size_t>& numbers, const RealiseOptions& with,
                            BuilderWorld& in) {
    write_derivations(tests_, in.eval_store());
    auto done = std::make_unique<Done>(tests_.load());
    done->finished = realise(done->graph, in.eval_store(), in.store(), in.builder(),
                             requests(*done, numbers), with, done->observer, {});
    return done;
  }

  std::string read(std::size_t number, const std::string& output = "out") {
    return world().read(StoreDir::nix().parse_path(tests_.output(number, output)));
  }

  bool is_valid(std::size_t number) {
    return world().store().is_valid(StoreDir::nix().parse_path(tests_.output(number)));
  }

  /// No lock, no half output, no build directory; only what is registered.
  void expect_tidy() {
    for (const auto& name : world().in_store()) {
      const auto path = StorePath::try_parse(name);
      EXPECT_TRUE(path && world().store().is_valid(*path)) << name;
    }
    EXPECT_TRUE(world().left_over().empty());
    EXPECT_TRUE(world().store().verify(true, {}).empty());
  }

  TestGraph tests_;
};

}  // namespace grange
