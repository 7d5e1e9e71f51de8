#include "serve/damping.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

using std::chrono::seconds;

MonotonicTime damping_second(int number) {
  return MonotonicTime(seconds(number));
}

TEST(Damping, DelaysDoubleBeyondWhatIsFree) {
  Damping damping({.free = 2, .first = seconds(1), .longest = seconds(5)});
  const auto wait_after_failure = [&] {
    damping.failed("ann", damping_second(100));
    return damping.delay("ann", damping_second(100)).count();
  };
  EXPECT_EQ(wait_after_failure(), 0);
  EXPECT_EQ(wait_after_failure(), 0);
  EXPECT_EQ(wait_after_failure(), 1);
  EXPECT_EQ(wait_after_failure(), 2);
  EXPECT_EQ(wait_after_failure(), 4);
  EXPECT_EQ(wait_after_failure(), 5);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(wait_after_failure(), 5);
  EXPECT_EQ(damping.delay("ann", damping_second(103)).count(), 2);
  EXPECT_EQ(damping.delay("ann", damping_second(105)).count(), 0);
  EXPECT_EQ(damping.delay("bob", damping_second(100)).count(), 0);
  damping.clear("ann");
  EXPECT_EQ(damping.delay("ann", damping_second(100)).count(), 0);
  EXPECT_EQ(damping.size(), 0u);
}

TEST(Damping, FailuresAreForgotten) {
  Damping damping({.free = 0, .longest = seconds(5), .forgotten = seconds(60)});
  damping.failed("ann", damping_second(0));
  damping.failed("bob", damping_second(30));
  damping.failed("cid", damping_second(60));
  EXPECT_EQ(damping.size(), 2u);
  EXPECT_EQ(damping.delay("ann", damping_second(60)).count(), 0);
}

TEST(Damping, MemoryIsBounded) {
  Damping damping({.free = 0, .longest = seconds(50), .most = 10});
  damping.failed("first", damping_second(0));
  for (int i = 0; i < 1000; ++i) {
    damping.failed(std::to_string(i), damping_second(1));
    // Who goes on failing is not forgotten for others.
    damping.failed("again", damping_second(1));
  }
  EXPECT_EQ(damping.size(), 10u);
  EXPECT_EQ(damping.delay("first", damping_second(0)).count(), 0);
  EXPECT_EQ(damping.delay("again", damping_second(1)).count(), 50);
  damping.failed(std::string(1'000'000, 'x'), damping_second(1));
  EXPECT_GT(damping.delay(std::string(200, 'x'), damping_second(1)).count(), 0);
}

TEST(Damping, ATryIsTakenBack) {
  Damping damping({.free = 1});
  damping.take_back("ann");
  damping.failed("ann", damping_second(0));
  damping.failed("ann", damping_second(0));
  EXPECT_EQ(damping.delay("ann", damping_second(0)).count(), 1);
  damping.take_back("ann");
  EXPECT_EQ(damping.delay("ann", damping_second(0)).count(), 0);
  damping.failed("ann", damping_second(0));
  EXPECT_EQ(damping.delay("ann", damping_second(0)).count(), 1);
  damping.take_back("ann");
  damping.take_back("ann");
  EXPECT_EQ(damping.size(), 0u);
}

TEST(SignInDamping, TriesThatHaveNotEndedCount) {
  SignInDamping damping({.free = 3}, {.free = 100});
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(damping.begin("ann", "1.2.3.4", damping_second(0)));
  // From wherever.
  EXPECT_EQ(damping.begin("ann", "5.6.7.8", damping_second(0)), seconds(1));
  EXPECT_FALSE(damping.begin("bob", "1.2.3.4", damping_second(0)));
  damping.succeeded("ann", "1.2.3.4");
  EXPECT_FALSE(damping.begin("ann", "5.6.7.8", damping_second(0)));
}

TEST(SignInDamping, AnOwnAccountBuysNoTriesAtOthers) {
  SignInDamping damping({.free = 100}, {.free = 3});
  std::optional<seconds> wait;
  int tries = 0;
  for (; tries < 50 && !wait; ++tries) {
    wait = damping.begin("victim" + std::to_string(tries), "1.2.3.4", damping_second(0));
    if (wait || damping.begin("own", "1.2.3.4", damping_second(0))) break;
    damping.succeeded("own", "1.2.3.4");
  }
  EXPECT_LT(tries, 10);
  // Others are not held up.
  EXPECT_FALSE(damping.begin("victim", "5.6.7.8", damping_second(0)));
}

TEST(SignInDamping, WhatCameToNoAnswerIsNoFailure) {
  SignInDamping damping({.free = 0}, {.free = 0});
  EXPECT_FALSE(damping.begin("ann", "1.2.3.4", damping_second(0)));
  damping.withdraw("ann", "1.2.3.4");
  EXPECT_FALSE(damping.begin("ann", "1.2.3.4", damping_second(0)));
  EXPECT_TRUE(damping.begin("ann", "1.2.3.4", damping_second(0)));
}

TEST(SignInDamping, AddressesAreThoseOfOneClient) {
  EXPECT_EQ(damping_address("127.0.0.1:4711"), "127.0.0.1");
  EXPECT_EQ(damping_address("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(damping_address("unix"), "unix");
  EXPECT_EQ(damping_address("[::ffff:1.2.3.4]:80"), "1.2.3.4");
  EXPECT_EQ(damping_address("[2001:db8:1:2:3:4:5:6]:80"), "20010db800010002/64");
  EXPECT_EQ(damping_address("2001:db8:1:2::1"), "20010db800010002/64");
  EXPECT_EQ(damping_address("[fe80::1%eth0]:80"), "fe80000000000000/64");
  EXPECT_EQ(damping_address("["), "");
  EXPECT_EQ(damping_address(""), "");
}

}  // namespace
}  // namespace grange
