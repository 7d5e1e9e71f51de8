#include "daemon/build_service.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "derivation/aterm.h"
#include "plan/test_graph.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

/// Makes outputs without any process; those of derivations named in `gates` wait.
class GatedBuilder final : public Builder {
 public:
  struct World {
    Mutex mutex;
    std::condition_variable_any changed;
    std::map<std::string, int> attempts;
    std::set<std::string> gates;
    std::set<std::string> failing;
    std::set<std::string> cancelled;
    bool attempted(const std::string& name, int times) {
      const MutexLock lock(mutex);
      const auto deadline = std::chrono::steady_clock::now() + kPatience;
      while (attempts[name] < times) {
        if (changed.wait_until(mutex, deadline) == std::cv_status::timeout) return false;
      }
      return true;
    }
    void open(const std::string& name) {
      const MutexLock lock(mutex);
      gates.erase(name);
      changed.notify_all();
    }
    bool was_cancelled(const std::string& name) {
      const MutexLock lock(mutex);
      const auto deadline = std::chrono::steady_clock::now() + kPatience;
      while (!cancelled.contains(name)) {
        if (changed.wait_until(mutex, deadline) == std::cv_status::timeout) return false;
      }
      return true;
    }
  };

  GatedBuilder(World& world, LocalStore& store) : world_(world), store_(store) {}

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    const auto name = request.derivation->name;
    BuildResult result;
    {
      const std::stop_callback wake(stop, [&] {
        const MutexLock lock(world_.mutex);
        world_.changed.notify_all();
      });
      const MutexLock lock(world_.mutex);
      ++world_.attempts[name];
      world_.changed.notify_all();
      while (world_.gates.contains(name) && !stop.stop_requested()) {
        world_.changed.wait(world_.mutex);
      }
      if (stop.stop_requested()) {
        world_.cancelled.insert(name);
        world_.changed.notify_all();
        result.outcome = Outcome::aborted;
        return result;
      }
      if (world_.failing.contains(name)) {
        result.outcome = Outcome::failed;
        result.message = "builder for it failed";
        return result;
      }
    }
    observer.log("making " + name + "\n");
    result.outcome = Outcome::good;
    for (const auto& [output, path] : request.output_paths) {
      const TemporaryDirectory temporary;
      write_file(temporary.path() / "file", name);
      StringSink sink;
      dump_nar(temporary.path() / "file", sink);
      PathInfo info(path, hash_bytes(HashAlgorithm::sha256, sink.text()));
      info.nar_size = sink.text().size();
      StringSource source(sink.text());
      store_.add_nar(info, source);
      result.outputs.emplace(output, path);
    }
    return result;
  }

 private:
  World& world_;
  LocalStore& store_;
};

class WaitingListener final : public BuildListener {
 public:
  void attempt_started(const StorePath& derivation) override {
    const MutexLock lock(mutex_);
    started_.emplace_back(derivation.derivation_name());
  }
  void attempt_finished(const StorePath&, const BuildResult&) override {}
  void log(const StorePath&, std::string_view data) override {
    const MutexLock lock(mutex_);
    log_ += data;
  }
  void phase(const StorePath&, std::string_view) override {}
  void ended(std::vector<GrantedWish> granted) override {
    const MutexLock lock(mutex_);
    granted_ = std::move(granted);
    ended_ = true;
    any_.notify_all();
  }

  std::vector<GrantedWish> wait() {
    const MutexLock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!ended_) {
      if (any_.wait_until(mutex_, deadline) == std::cv_status::timeout) return {};
    }
    return granted_;
  }
  std::string logged() {
    const MutexLock lock(mutex_);
    return log_;
  }
  std::vector<std::string> started() {
    const MutexLock lock(mutex_);
    return started_;
  }

 private:
  Mutex mutex_;
  std::condition_variable_any any_;
  bool ended_ GUARDED_BY(mutex_) = false;
  std::vector<GrantedWish> granted_ GUARDED_BY(mutex_);
  std::vector<std::string> started_ GUARDED_BY(mutex_);
  std::string log_ GUARDED_BY(mutex_);
};

class BuildServiceTest : public StoreTest {
 protected:
  void write() {
    for (std::size_t i = 0; i < tests.size(); ++i) {
      const auto& path = tests.path(i);
      const auto derivation = parse_aterm(tests.store_dir(), path.derivation_name(), tests.text(i));
      store().add_text(path.name(), tests.text(i), derivation_references(derivation));
    }
    service.emplace(
        store(),
        [this](LocalStore& session) { return std::make_unique<GatedBuilder>(world, session); }, 4);
  }
  std::unique_ptr<BuildService::Ticket> ask(const std::vector<std::size_t>& numbers,
                                            const std::shared_ptr<WaitingListener>& listener,
                                            bool keep_going = true,
                                            std::shared_ptr<Substituters> from = nullptr,
                                            bool fallback = false) {
    std::vector<BuildWish> wishes;
    wishes.reserve(numbers.size());
    for (const auto number : numbers) wishes.push_back({tests.path(number), {}});
    BuildTerms terms;
    terms.keep_going = keep_going;
    terms.substituters = std::move(from);
    terms.fallback = fallback;
    return service->ask(std::move(wishes), terms, listener);
  }
  int attempts(const std::string& name) {
    const MutexLock lock(world.mutex);
    return world.attempts[name];
  }

  TestGraph tests;
  GatedBuilder::World world;
  std::optional<BuildService> service;
};

TEST_F(BuildServiceTest, WhatTwoClientsNeedIsMadeOnce) {
  const auto low = tests.input_addressed("low", {});
  const auto one = tests.input_addressed("one", {{low}});
  const auto other = tests.input_addressed("other", {{low}});
  world.gates = {"low"};
  write();
  const auto first = std::make_shared<WaitingListener>();
  const auto second = std::make_shared<WaitingListener>();
  const auto ticket = ask({one}, first);
  ASSERT_TRUE(world.attempted("low", 1));
  const auto later = ask({other, low}, second);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (second->started().empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  world.open("low");
  const auto granted = first->wait();
  ASSERT_EQ(granted.size(), 1U);
  EXPECT_EQ(granted[0].outcome, Outcome::good);
  EXPECT_TRUE(granted[0].made);
  ASSERT_EQ(second->wait().size(), 2U);
  EXPECT_EQ(second->wait()[1].outcome, Outcome::good);
  EXPECT_EQ(attempts("low"), 1);
  EXPECT_EQ(attempts("other"), 1);
  // Each hears of what it needs, and of nothing else.
  EXPECT_THAT(first->started(), testing::ElementsAre("low", "one"));
  EXPECT_THAT(second->started(), testing::ElementsAre("low", "other"));
  EXPECT_NE(second->logged().find("making low"), std::string::npos);
  EXPECT_EQ(second->logged().find("making one"), std::string::npos);
}

TEST_F(BuildServiceTest, WhoWaitsIsToldWhileOthersAreStillBuilt) {
  const auto slow = tests.input_addressed("slow", {});
  const auto quick = tests.input_addressed("quick", {});
  world.gates = {"slow"};
  write();
  const auto first = ask({slow}, std::make_shared<WaitingListener>());
  ASSERT_TRUE(world.attempted("slow", 1));
  const auto second = std::make_shared<WaitingListener>();
  const auto ticket = ask({quick}, second);
  ASSERT_EQ(second->wait().size(), 1U);
  EXPECT_EQ(second->wait()[0].outcome, Outcome::good);
  world.open("slow");
}

TEST_F(BuildServiceTest, WhatIsLentRunsBesideWhatWaits) {
  const auto outer = tests.input_addressed("outer", {});
  const auto inner = tests.input_addressed("inner", {});
  world.gates = {"outer", "inner"};
  write();
  service.emplace(
      store(),
      [this](LocalStore& session) { return std::make_unique<GatedBuilder>(world, session); }, 1);
  const auto first = ask({outer}, std::make_shared<WaitingListener>());
  ASSERT_TRUE(world.attempted("outer", 1));
  const auto second = std::make_shared<WaitingListener>();
  const auto ticket = ask({inner}, second);
  EXPECT_EQ(attempts("inner"), 0);
  {
    const BuildService::Lending lending(*service);
    EXPECT_TRUE(world.attempted("inner", 1));
  }
  world.open("inner");
  EXPECT_EQ(second->wait().size(), 1U);
  world.open("outer");
}

TEST_F(BuildServiceTest, TheLastOneWhoLeavesCancels) {
  const auto slow = tests.input_addressed("slow", {});
  world.gates = {"slow"};
  write();
  auto first = ask({slow}, std::make_shared<WaitingListener>());
  const auto stays = std::make_shared<WaitingListener>();
  ASSERT_TRUE(world.attempted("slow", 1));
  auto second = ask({slow}, stays);
  first.reset();
  world.open("slow");
  ASSERT_EQ(stays->wait().size(), 1U);
  EXPECT_EQ(stays->wait()[0].outcome, Outcome::good);
  EXPECT_EQ(attempts("slow"), 1);
}

TEST_F(BuildServiceTest, WhatNobodyWaitsForIsCancelled) {
  const auto slow = tests.input_addressed("slow", {});
  world.gates = {"slow"};
  write();
  auto ticket = ask({slow}, std::make_shared<WaitingListener>());
  ASSERT_TRUE(world.attempted("slow", 1));
  ticket.reset();
  EXPECT_TRUE(world.was_cancelled("slow"));
}

TEST_F(BuildServiceTest, AFailureIsTriedAgainForTheNextClient) {
  const auto low = tests.input_addressed("low", {});
  const auto top = tests.input_addressed("top", {{low}});
  world.failing = {"low"};
  write();
  const auto first = std::make_shared<WaitingListener>();
  const auto ticket = ask({top, low}, first);
  ASSERT_EQ(first->wait().size(), 2U);
  EXPECT_EQ(first->wait()[0].outcome, Outcome::dependency_failed);
  EXPECT_THAT(first->wait()[0].failed_inputs, testing::ElementsAre(tests.path(low)));
  EXPECT_EQ(first->wait()[1].outcome, Outcome::failed);
  {
    const MutexLock lock(world.mutex);
    world.failing.clear();
  }
  const auto second = std::make_shared<WaitingListener>();
  const auto again = ask({top}, second);
  ASSERT_EQ(second->wait().size(), 1U);
  EXPECT_EQ(second->wait()[0].outcome, Outcome::good);
  EXPECT_EQ(attempts("low"), 2);
}

TEST_F(BuildServiceTest, TheFirstFailureEndsWhoDoesNotKeepGoing) {
  const auto bad = tests.input_addressed("bad", {});
  const auto slow = tests.input_addressed("slow", {});
  world.failing = {"bad"};
  world.gates = {"bad", "slow"};
  write();
  const auto listener = std::make_shared<WaitingListener>();
  const auto ticket = ask({slow, bad}, listener, false);
  // Either may start first: the failure must come while the other one runs.
  ASSERT_TRUE(world.attempted("slow", 1));
  world.open("bad");
  ASSERT_EQ(listener->wait().size(), 2U);
  EXPECT_EQ(listener->wait()[0].outcome, Outcome::aborted);
  EXPECT_EQ(listener->wait()[1].outcome, Outcome::failed);
  EXPECT_TRUE(world.was_cancelled("slow"));
}

TEST_F(BuildServiceTest, WhatCouldNotBeFetchedIsMadeOnlyForWhoSaysSo) {
  const auto low = tests.input_addressed("low", {});
  const auto top = tests.input_addressed("top", {{low}});
  write();
  const std::shared_ptr<LocalStore> damaged =
      LocalStore::open(StoreLocation::at_root(directory() / "damaged"), quick());
  const auto nar = nar_of("low");
  const auto& drv = tests.path(low);
  const auto output =
      parse_aterm(tests.store_dir(), drv.derivation_name(), tests.text(low)).stated_path("out");
  StringSource bytes(nar);
  damaged->add_nar(info_of(output.value(), nar, {}), bytes);
  std::filesystem::remove_all(damaged->real_path(output.value()));
  const auto from = std::make_shared<Substituters>(std::vector<Substituter>{{damaged, 0, true}},
                                                   TrustedKeys(), 1, nullptr);
  for (int i = 0; i < 2; ++i) {
    const auto listener = std::make_shared<WaitingListener>();
    const auto ticket = ask({low, top}, listener, true, from);
    ASSERT_EQ(listener->wait().size(), 2U);
    EXPECT_EQ(listener->wait()[0].outcome, Outcome::aborted);
    EXPECT_NE(listener->wait()[0].message.find("--fallback"), std::string::npos);
    EXPECT_EQ(listener->wait()[1].outcome, Outcome::aborted);
  }
  EXPECT_EQ(attempts("low"), 0);
  const auto listener = std::make_shared<WaitingListener>();
  const auto ticket = ask({low, top}, listener, true, from, true);
  ASSERT_EQ(listener->wait().size(), 2U);
  EXPECT_EQ(listener->wait()[1].outcome, Outcome::good);
  EXPECT_EQ(attempts("low"), 1);
}

TEST_F(BuildServiceTest, ImpureOnesAreMadeForEach) {
  const auto impure = tests.impure("impure");
  const auto pure = tests.input_addressed("pure", {});
  write();
  store().keep_realisations();
  for (int i = 0; i < 2; ++i) {
    const auto listener = std::make_shared<WaitingListener>();
    const auto ticket = ask({impure, pure}, listener);
    ASSERT_EQ(listener->wait().size(), 2U);
  }
  EXPECT_EQ(attempts("impure"), 2);
  EXPECT_EQ(attempts("pure"), 1);
}

TEST_F(BuildServiceTest, WhatWasMadeIsKeptWhileSomebodyWaits) {
  const auto low = tests.input_addressed("low", {});
  write();
  const auto listener = std::make_shared<WaitingListener>();
  auto ticket = ask({low}, listener);
  ASSERT_EQ(listener->wait().size(), 1U);
  EXPECT_EQ(listener->wait()[0].outputs.size(), 1U);
  service->release_idle();
  const auto again = std::make_shared<WaitingListener>();
  const auto other = ask({low}, again);
  ASSERT_EQ(again->wait().size(), 1U);
  EXPECT_FALSE(again->wait()[0].made);
  EXPECT_EQ(attempts("low"), 1);
}

}  // namespace
}  // namespace grange
