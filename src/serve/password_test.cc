#include "serve/password.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "serve/accounts_testing.h"

namespace grange {
namespace {

TEST(Passwords, OnlyTheRightOneIsRight) {
  Passwords passwords(cheap_passwords());
  const auto hash = passwords.hash("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_NE(passwords.hash("correct horse"), hash);
  EXPECT_TRUE(passwords.verify(hash, "correct horse"));
  EXPECT_FALSE(passwords.verify(hash, "correct horsf"));
  EXPECT_FALSE(passwords.verify(hash, ""));
  EXPECT_FALSE(passwords.verify(hash, std::string(100'000, 'x')));
  EXPECT_FALSE(passwords.verify("no hash", "correct horse"));
}

TEST(Passwords, NobodyHasNoPassword) {
  Passwords passwords(cheap_passwords());
  EXPECT_FALSE(passwords.verify(std::nullopt, "correct horse"));
  EXPECT_FALSE(passwords.verify(std::nullopt, "nobody has this password"));
}

TEST(Passwords, LengthsAreBounded) {
  Passwords passwords(cheap_passwords());
  EXPECT_THROW(passwords.hash("1234567"), InvalidError);
  EXPECT_NO_THROW(passwords.hash("12345678"));
  EXPECT_NO_THROW(passwords.hash(std::string(Passwords::kLongest, 'x')));
  EXPECT_THROW(passwords.hash(std::string(Passwords::kLongest + 1, 'x')), InvalidError);
  EXPECT_THROW(passwords.hash("\xff\xff\xff\xff\xff\xff\xff\xff"), InvalidError);
}

TEST(Passwords, AnotherCostIsTold) {
  Passwords passwords(cheap_passwords());
  const auto hash = passwords.hash("correct horse");
  EXPECT_FALSE(passwords.needs_rehash(hash));
  auto options = cheap_passwords();
  options.memory *= 2;
  Passwords dearer(options);
  EXPECT_TRUE(dearer.needs_rehash(hash));
  EXPECT_TRUE(dearer.verify(hash, "correct horse"));
}

TEST(Passwords, ThePresentCostIsThatOfArgon2id) {
  Passwords passwords;
  EXPECT_TRUE(passwords.hash("correct horse").starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
}

TEST(Passwords, ManyAtOnceTakeTurns) {
  auto options = cheap_passwords();
  options.at_once = 1;
  options.waiting = 100;
  Passwords passwords(options);
  const auto hash = passwords.hash("correct horse");
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        if (passwords.verify(hash, "correct horse")) ++right;
      });
    }
  }
  EXPECT_EQ(right, 8);
}

TEST(Passwords, TooManyAtOnceAreTurnedAway) {
  PasswordOptions options;
  options.at_once = 1;
  options.waiting = 0;
  Passwords passwords(options);
  std::atomic<int> turned_away = 0;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        try {
          passwords.verify(std::nullopt, "correct horse");
          ++answered;
        } catch (const UnavailableError&) {
          ++turned_away;
        }
      });
    }
  }
  EXPECT_GE(answered, 1);
  EXPECT_EQ(answered + turned_away, 6);
}

}  // namespace
}  // namespace grange
