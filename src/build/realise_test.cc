#include "build/realise.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "build/realise_test_world.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

/// Makes outputs without any process: what each derivation does is said by name.
class FakeBuilder final : public Builder {
 public:
  explicit FakeBuilder(LocalStore& store) : store_(store) {}

  using Behaviour = std::function<BuildResult(const BuildRequest&, std::stop_token)>;
  std::map<std::string, Behaviour> behaviours;
  std::atomic<int> running = 0;
  std::atomic<int> most_running = 0;
  std::atomic<int> builds = 0;

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    ++builds;
    const int now = ++running;
    for (int most = most_running; now > most;) {
      if (most_running.compare_exchange_weak(most, now)) break;
    }
    try {
      observer.phase("building");
      observer.log("making " + request.derivation->name + "\n");
      BuildResult result = act(request, stop);
      --running;
      return result;
    } catch (...) {
      --running;
      throw;
    }
  }

  BuildResult make(const BuildRequest& request) {
    EXPECT_EQ(store_.valid_among(request.input_paths), request.input_paths);
    for (const auto& [name, path] : request.output_paths) {
      const std::string content = request.derivation->name + " " + name;
      const TemporaryDirectory temporary;
      write_file(temporary.path() / "file", content);
      StringSink sink;
      dump_nar(temporary.path() / "file", sink);
      const std::string nar = sink.take();
      PathInfo info(path, hash_bytes(HashAlgorithm::sha256, nar));
      info.nar_size = nar.size();
      StringSource source(nar);
      store_.add_nar(info, source);
    }
    BuildResult result;
    result.outcome = Outcome::good;
    result.outputs = request.output_paths;
    return result;
  }

 private:
  BuildResult act(const BuildRequest& request, std::stop_token stop) {
    const auto found = behaviours.find(request.derivation->name);
    return found == behaviours.end() ? make(request) : found->second(request, stop);
  }

  LocalStore& store_;
};

BuildResult result_of(Outcome outcome, std::string message = "") {
  BuildResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

/// Waits until it is told to stop; then it throws, as a builder does.
BuildResult wait_for_stop(const BuildRequest&, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
  throw CancelledError("the build was cancelled");
}

class RealiseTest : public StoreTest {
 protected:
  RealiseTest() : builder_(store()) {}

  std::vector<Realised> run(const std::vector<std::size_t>& numbers, std::stop_token stop = {}) {
    write_derivations(tests_, store());
    graph_.emplace(tests_.load());
    observer_.emplace(*graph_);
    observer_->on_started = [this](const std::string& name) { on_started_(name); };
    std::vector<RealiseRequest> requests;
    for (const auto number : numbers) requests.push_back({tests_.index(*graph_, number), {}, {}});
    for (const auto number : further_recipes_) {
      options_.further_recipes.push_back(tests_.index(*graph_, number));
    }
    return realise(*graph_, store(), store(), builder_, requests, options_, *observer_, stop);
  }

  TestGraph tests_;
  FakeBuilder builder_;
  RealiseOptions options_;
  std::vector<std::size_t> further_recipes_;
  std::optional<DerivationGraph> graph_;
  std::optional<RecordingRealiseObserver> observer_;
  std::function<void(const std::string&)> on_started_ = [](const std::string&) {};
};

TEST_F(RealiseTest, MakesWhatIsNotThereAndNothingTwice) {
  const auto library = tests_.input_addressed("library", {}, {"dev", "out"});
  const auto tool = tests_.input_addressed("tool", {});
  const auto program = tests_.input_addressed("program", {{library, {"dev"}}, {tool}});
  const auto finished = run({program, library});
  ASSERT_EQ(finished.size(), 2U);
  EXPECT_EQ(finished[0].outcome, Outcome::good);
  EXPECT_TRUE(finished[0].made);
  EXPECT_EQ(finished[1].outcome, Outcome::good);
  EXPECT_THAT(observer_->started, UnorderedElementsAre("library", "tool", "program"));
  EXPECT_EQ(observer_->started.back(), "program");
  EXPECT_THAT(observer_->told, ElementsAre(Pair(1, Outcome::good), Pair(0, Outcome::good)));
  EXPECT_EQ(observer_->logged("tool"), "making tool\n");
  EXPECT_EQ(observer_->counts.made, 3U);

  const auto again = run({program, library});
  EXPECT_EQ(again[0].outcome, Outcome::good);
  EXPECT_FALSE(again[0].made);
  EXPECT_TRUE(observer_->started.empty());
  EXPECT_EQ(builder_.builds, 3);
}

TEST_F(RealiseTest, RunsAsManyAttemptsAsItMay) {
  std::vector<std::size_t> numbers;
  for (int i = 0; i < 12; ++i) {
    const auto name = "job-" + std::to_string(i);
    numbers.push_back(tests_.input_addressed(name, {}));
    builder_.behaviours[name] = [this](const BuildRequest& request, std::stop_token) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return builder_.make(request);
    };
  }
  options_.jobs = 3;
  for (const auto& finished : run(numbers)) EXPECT_EQ(finished.outcome, Outcome::good);
  EXPECT_GT(builder_.most_running, 1);
  EXPECT_LE(builder_.most_running, 3);
}

TEST_F(RealiseTest, WhatAnAttemptThrowsIsAbortedAndOtherWorkGoesOn) {
  const auto unlucky = tests_.input_addressed("unlucky", {});
  const auto above = tests_.input_addressed("above", {{unlucky}});
  const auto other = tests_.input_addressed("other", {});
  builder_.behaviours["unlucky"] = [](const BuildRequest&, std::stop_token) -> BuildResult {
    throw UnavailableError("no space left on device");
  };
  const auto finished = run({above, other});
  EXPECT_EQ(finished[0].outcome, Outcome::aborted);
  EXPECT_THAT(finished[0].message, HasSubstr("no space left on device"));
  EXPECT_EQ(finished[1].outcome, Outcome::good);
  EXPECT_THAT(observer_->ended, testing::Contains(Pair("unlucky", testing::_)));
}

TEST_F(RealiseTest, AnExceptionOfAnyKindIsOneAttempts) {
  const auto odd = tests_.input_addressed("odd", {});
  builder_.behaviours["odd"] = [](const BuildRequest&, std::stop_token) -> BuildResult { throw 1; };
  EXPECT_EQ(run({odd})[0].outcome, Outcome::aborted);
}

TEST_F(RealiseTest, FailuresReachWhatNeedsThemAndKeepGoing) {
  const auto bad = tests_.input_addressed("bad", {});
  const auto above = tests_.input_addressed("above", {{bad}});
  const auto fine = tests_.input_addressed("fine", {});
  builder_.behaviours["bad"] = [](const BuildRequest&, std::stop_token) {
    return result_of(Outcome::failed, "exit code 1");
  };
  const auto finished = run({above, fine, bad});
  EXPECT_EQ(finished[0].outcome, Outcome::dependency_failed);
  EXPECT_THAT(finished[0].failed_inputs, ElementsAre(tests_.index(*graph_, bad)));
  EXPECT_EQ(finished[1].outcome, Outcome::good);
  EXPECT_EQ(finished[2].outcome, Outcome::failed);
  EXPECT_EQ(finished[2].message, "exit code 1");

  const auto later = tests_.input_addressed("later", {});
  options_.keep_going = false;
  const auto stopped = run({bad, later});
  EXPECT_EQ(stopped[0].outcome, Outcome::failed);
  EXPECT_EQ(stopped[1].outcome, Outcome::aborted);
}

TEST_F(RealiseTest, KnownFailuresAreNotTriedAgain) {
  const auto input = tests_.input_addressed("input", {});
  const auto bad = tests_.input_addressed("bad", {{input}});
  std::vector<std::string> asked;
  options_.known_failure = [&](const TriedRecipe& tried,
                               const BuildPolicy&) -> std::optional<BuildResult> {
    asked.emplace_back(tried.recipe.derivation_name());
    if (asked.back() == "bad") return result_of(Outcome::timed_out, "took longer than 5 s");
    return result_of(Outcome::aborted, "says nothing");
  };
  const auto finished = run({bad, input});
  EXPECT_EQ(finished[0].outcome, Outcome::timed_out);
  EXPECT_EQ(finished[0].message,
            "failed before, not tried again (--retry tries it): took longer than 5 s");
  EXPECT_EQ(finished[1].outcome, Outcome::good);
  EXPECT_THAT(asked, UnorderedElementsAre("bad", "input"));
  EXPECT_THAT(observer_->started, ElementsAre("input"));
}

TEST_F(RealiseTest, AKnownFailureOfOneRecipeLeavesTheOthers) {
  const auto dead = tests_.fixed("source", "text");
  const auto repaired = tests_.fixed("source", "text");
  further_recipes_ = {repaired};
  options_.known_failure = [&](const TriedRecipe& tried,
                               const BuildPolicy&) -> std::optional<BuildResult> {
    EXPECT_TRUE(tried.fixed_output);
    if (tried.recipe != tests_.path(dead)) return std::nullopt;
    return result_of(Outcome::failed, "no such host");
  };
  EXPECT_EQ(run({dead})[0].outcome, Outcome::good);
  EXPECT_EQ(builder_.builds, 1);
}

TEST_F(RealiseTest, AFileThatChangedSinceIsNotBuilt) {
  const auto honest = tests_.input_addressed("honest", {});
  on_started_ = [&](const std::string&) {
    auto text = tests_.text(honest);
    text.replace(text.find("x86_64"), 6, "x86_65");
    write_file(store().real_path(tests_.path(honest)), text);
  };
  const auto finished = run({honest});
  EXPECT_EQ(finished[0].outcome, Outcome::unsupported);
  EXPECT_THAT(finished[0].message, HasSubstr("does not match its content: specified '"));
  EXPECT_EQ(builder_.builds, 0);
}

TEST_F(RealiseTest, AStopCancelsWhatRunsAndWaitsForIt) {
  const auto one = tests_.input_addressed("one", {});
  const auto two = tests_.input_addressed("two", {});
  const auto top = tests_.input_addressed("top", {{one}, {two}});
  builder_.behaviours["one"] = wait_for_stop;
  builder_.behaviours["two"] = wait_for_stop;
  options_.jobs = 2;
  std::stop_source stop;
  std::jthread interrupter([&] {
    while (builder_.running < 2) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THROW(run({top}, stop.get_token()), CancelledError);
  EXPECT_EQ(builder_.running, 0);
  EXPECT_EQ(observer_->ended.size(), 2U) << "an attempt that started is told of as ended";
  for (const auto& [name, result] : observer_->ended) EXPECT_EQ(result.outcome, Outcome::aborted);
}

TEST_F(RealiseTest, AnObserverThatThrowsLeavesNothingRunning) {
  const auto slow = tests_.input_addressed("slow", {});
  const auto quick = tests_.input_addressed("quick", {});
  builder_.behaviours["slow"] = wait_for_stop;
  options_.jobs = 2;
  on_started_ = [&](const std::string& name) {
    if (name == "quick") throw SystemError(ENOSPC, "writing the record");
  };
  EXPECT_THROW(run({slow, quick}), SystemError);
  EXPECT_EQ(builder_.running, 0);
}

TEST_F(RealiseTest, NothingToDoNeedsNoThread) {
  EXPECT_TRUE(run({}).empty());
  EXPECT_EQ(observer_->counts.steps, 0U);
}

}  // namespace
}  // namespace grange
