#include "serve/farm_granter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "derivation/aterm.h"
#include "plan/test_graph.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FakeWishDriver final : public WishDriver {
 public:
  std::int64_t new_wish() override { return --last_; }
  void add(std::vector<QueuedBuild> wishes) override {
    for (auto& wish : wishes) added.push_back(std::move(wish));
  }
  void cancel(const std::vector<std::int64_t>& wishes) override {
    cancelled.insert(cancelled.end(), wishes.begin(), wishes.end());
  }
  std::vector<QueuedBuild> added;
  std::vector<std::int64_t> cancelled;

 private:
  std::int64_t last_ = 0;
};

class FakeService final : public WishGranter {
 public:
  std::unique_ptr<Ticket> ask(std::vector<BuildWish> wishes, BuildTerms,
                              std::shared_ptr<BuildListener>) override {
    asked += wishes.size();
    return std::make_unique<Ticket>();
  }
  BuildResult attempt(LocalStore&, const BuildRequest&, BuildObserver&, std::stop_token) override {
    return {};
  }
  void release_idle() override {}
  std::size_t asked = 0;

 private:
  void lend(int) override {}
};

class HeardByClient final : public BuildListener {
 public:
  void attempt_started(const StorePath& derivation) override {
    said.push_back("start " + std::string(derivation.derivation_name()));
  }
  void attempt_finished(const StorePath& derivation, const BuildResult&) override {
    said.push_back("end " + std::string(derivation.derivation_name()));
  }
  void log(const StorePath&, std::string_view data) override { said.emplace_back(data); }
  void phase(const StorePath&, std::string_view) override {}
  void ended(std::vector<GrantedWish> result) override { granted = std::move(result); }
  std::vector<std::string> said;
  std::optional<std::vector<GrantedWish>> granted;
};

class FarmGranterTest : public StoreTest {
 protected:
  void write_all() {
    for (std::size_t i = 0; i < tests.size(); ++i) {
      const auto& path = tests.path(i);
      const auto derivation = parse_aterm(tests.store_dir(), path.derivation_name(), tests.text(i));
      store().add_text(path.name(), tests.text(i), derivation_references(derivation));
    }
    granter.emplace(driver, service, store(), waits, clock);
  }
  std::unique_ptr<WishGranter::Ticket> ask(const std::vector<std::size_t>& numbers,
                                           BuildTerms terms = {}) {
    std::vector<BuildWish> wishes;
    for (const auto number : numbers) wishes.push_back({tests.path(number), {}});
    return granter->ask(std::move(wishes), std::move(terms), client);
  }
  static Realised realised(Outcome outcome) {
    Realised realised;
    realised.outcome = outcome;
    return realised;
  }

  TestGraph tests;
  FakeWishDriver driver;
  FakeService service;
  EvaluatorWaits waits;
  SystemClock clock;
  std::optional<FarmGranter> granter;
  std::shared_ptr<HeardByClient> client = std::make_shared<HeardByClient>();
};

TEST_F(FarmGranterTest, WishesBelongToTheImplicitJobset) {
  const auto low = tests.input_addressed("low", {});
  const auto top = tests.input_addressed("top", {{low}});
  const auto other = tests.input_addressed("other", {});
  write_all();
  BuildTerms terms;
  terms.client.name = "alice";
  const auto ticket = ask({top}, terms);
  ASSERT_EQ(driver.added.size(), 1U);
  const auto& queued = driver.added.front();
  EXPECT_LT(queued.build, 0);
  EXPECT_EQ(queued.jobset, kSocketJobset);
  EXPECT_EQ(queued.derivation, tests.path(top));
  EXPECT_TRUE(queued.wish->needs({}, tests.path(low)));
  EXPECT_FALSE(queued.wish->needs({}, tests.path(other)));
  EXPECT_TRUE(queued.wish->tries_again());
  ASSERT_EQ(granter->open().size(), 1U);
  EXPECT_EQ(granter->open().front().client, "alice");
  EXPECT_EQ(service.asked, 0U);
}

TEST_F(FarmGranterTest, WhatIsMadeForItIsTold) {
  const auto low = tests.input_addressed("low", {});
  write_all();
  const auto ticket = ask({low});
  const auto& wish = *driver.added.front().wish;
  auto& heard = *driver.added.front().wish;
  EXPECT_TRUE(wish.needs({}, tests.path(low)));
  heard.attempt_started(tests.path(low));
  heard.log(tests.path(low), "hello");
  BuildResult result;
  result.outcome = Outcome::good;
  heard.attempt_finished({}, tests.path(low), result);
  auto end = realised(Outcome::good);
  end.made = true;
  end.outputs.emplace("out", path("low"));
  heard.ended(driver.added.front().build, end, {});
  EXPECT_THAT(client->said, ElementsAre("start low", "hello", "end low"));
  ASSERT_TRUE(client->granted.has_value());
  const auto& granted = client->granted->at(0);
  EXPECT_EQ(granted.outcome, Outcome::good);
  EXPECT_TRUE(granted.made);
  EXPECT_EQ(granted.realisations.at("out").out_path, path("low"));
}

TEST_F(FarmGranterTest, AFailureIsToldWithTheEndOfItsLog) {
  const auto low = tests.input_addressed("low", {});
  const auto top = tests.input_addressed("top", {{low}});
  write_all();
  const auto ticket = ask({top});
  auto& heard = *driver.added.front().wish;
  BuildResult failure;
  failure.outcome = Outcome::failed;
  failure.message = "it failed";
  failure.log_tail = "and said so";
  heard.failed_before({}, tests.path(low), failure);
  heard.ended(driver.added.front().build, realised(Outcome::dependency_failed), {tests.path(low)});
  const auto& granted = client->granted.value().at(0);
  EXPECT_EQ(granted.outcome, Outcome::dependency_failed);
  EXPECT_THAT(granted.failed_inputs, ElementsAre(tests.path(low)));
  EXPECT_THAT(granted.log_tail, HasSubstr("and said so"));
  EXPECT_TRUE(client->said.empty());
}

TEST_F(FarmGranterTest, TheFirstFailureEndsWhoDoesNotKeepGoing) {
  const auto one = tests.input_addressed("one", {});
  const auto two = tests.input_addressed("two", {});
  write_all();
  const auto ticket = ask({one, two});
  const auto first = driver.added.at(0).build;
  driver.added.at(0).wish->ended(first, realised(Outcome::failed), {});
  EXPECT_THAT(driver.cancelled, ElementsAre(driver.added.at(1).build));
  ASSERT_TRUE(client->granted.has_value());
  EXPECT_EQ(client->granted->at(0).outcome, Outcome::failed);
  EXPECT_EQ(client->granted->at(1).outcome, Outcome::aborted);
}

TEST_F(FarmGranterTest, WhoKeepsGoingHearsOfAll) {
  const auto one = tests.input_addressed("one", {});
  const auto two = tests.input_addressed("two", {});
  write_all();
  BuildTerms terms;
  terms.keep_going = true;
  const auto ticket = ask({one, two}, terms);
  driver.added.at(0).wish->ended(driver.added.at(0).build, realised(Outcome::failed), {});
  EXPECT_FALSE(client->granted.has_value());
  driver.added.at(1).wish->ended(driver.added.at(1).build, realised(Outcome::good), {});
  EXPECT_EQ(client->granted.value().at(1).outcome, Outcome::good);
  EXPECT_TRUE(driver.cancelled.empty());
}

TEST_F(FarmGranterTest, WhoLeavesCancelsAndHearsNothingMore) {
  const auto slow = tests.input_addressed("slow", {});
  write_all();
  auto ticket = ask({slow});
  const auto number = driver.added.front().build;
  ticket.reset();
  EXPECT_THAT(driver.cancelled, ElementsAre(number));
  EXPECT_TRUE(granter->open().empty());
  driver.added.front().wish->log(tests.path(slow), "late");
  driver.added.front().wish->ended(number, realised(Outcome::aborted), {});
  EXPECT_TRUE(client->said.empty());
  EXPECT_FALSE(client->granted.has_value());
}

TEST_F(FarmGranterTest, AnEvaluatorsTimeDoesNotPassWhileItWaits) {
  const auto value = tests.input_addressed("value", {});
  write_all();
  BuildTerms terms;
  terms.client.restricted = true;
  terms.client.process = 42;
  auto ticket = ask({value}, terms);
  EXPECT_TRUE(waits.waits(42));
  EXPECT_TRUE(waits.waits(0));
  EXPECT_FALSE(waits.waits(43));
  EXPECT_FALSE(driver.added.front().wish->tries_again());
  ticket.reset();
  EXPECT_FALSE(waits.waits(0));
}

TEST_F(FarmGranterTest, WhatHasNoPlaceInThePlanIsMadeBesideIt) {
  const auto one = tests.input_addressed("one", {});
  write_all();
  BuildTerms check;
  check.policy.mode = BuildPolicy::Mode::check;
  const auto checked = ask({one}, check);
  EXPECT_EQ(service.asked, 1U);
  BuildTerms fetching;
  fetching.may_build = false;
  const auto fetched = ask({one}, fetching);
  EXPECT_EQ(service.asked, 2U);
  EXPECT_TRUE(driver.added.empty());
}

TEST_F(FarmGranterTest, AnIncompleteClosureDoesNotReachThePlan) {
  const auto low = tests.input_addressed("low", {});
  const auto top = tests.input_addressed("top", {{low}});
  granter.emplace(driver, service, store(), waits, clock);
  const auto ticket = ask({top});
  EXPECT_EQ(service.asked, 1U);
  EXPECT_TRUE(driver.added.empty());
}

}  // namespace
}  // namespace grange
