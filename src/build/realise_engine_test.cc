#include "build/realise_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "build/realise_test_world.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

using testing::ElementsAre;

class NothingBuilder final : public Builder {
 public:
  BuildResult build(const BuildRequest&, BuildObserver&, std::stop_token) override {
    BuildResult result;
    result.outcome = Outcome::failed;
    result.message = "tried";
    return result;
  }
};

/// One slot, which somebody opens.
class GatedSteps final : public ReadySteps {
 public:
  void add(const ReadyStep& step) override { tell(step); }
  void change(const ReadyStep& step) override { tell(step); }
  void remove(StepId) override { ready.reset(); }
  std::optional<StepId> take() override { return open ? drop() : std::nullopt; }
  void ended(StepId) override { ++ends; }
  std::optional<StepId> drop() override { return std::exchange(ready, std::nullopt); }

  bool open = false;
  std::optional<StepId> ready;
  std::vector<Requester> interest;
  int ends = 0;

 private:
  void tell(const ReadyStep& step) {
    ready = step.step;
    interest.assign(step.interest.begin(), step.interest.end());
  }
};

class RealiseEngineTest : public StoreTest {};

TEST_F(RealiseEngineTest, TheOwnersOrderSaysWhatStartsAndOnWhoseBehalf) {
  TestGraph tests;
  const auto number = tests.input_addressed("package", {});
  write_derivations(tests, store());
  const DerivationGraph graph = tests.load();
  NothingBuilder builder;
  RecordingRealiseObserver observer(graph);
  GatedSteps gate;
  RealiseOptions options;
  options.ready = &gate;
  RealiseEngine engine(graph, store(), store(), builder, options, observer);
  RealiseRequest asked{tests.index(graph, number), {}, {}};
  asked.requester = {7, 0, 2};
  const auto request = engine.request(asked);
  const auto look = [&] {
    engine.look_for_work();
    return engine.turn({});
  };
  EXPECT_TRUE(look());
  EXPECT_TRUE(look()) << "it is ready and nothing runs";
  EXPECT_THAT(gate.interest, ElementsAre(Requester{7, 0, 2}));
  EXPECT_EQ(engine.view(engine.step_of(request)).doing, Plan::View::Doing::ready);
  engine.change(request, {7, 99, 1});
  EXPECT_TRUE(look());
  EXPECT_THAT(gate.interest, ElementsAre(Requester{7, 99, 1}));
  EXPECT_TRUE(observer.started.empty());
  gate.open = true;
  while (look()) {
  }
  EXPECT_THAT(observer.started, ElementsAre("package"));
  EXPECT_EQ(engine.result(request).outcome, Outcome::failed);
  EXPECT_EQ(gate.ends, 1);
}

}  // namespace
}  // namespace grange
