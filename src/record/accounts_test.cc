#include "record/accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "record/accounts_testing.h"
#include "record/projects.h"
#include "record/rows.h"

namespace grange {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;

TimePoint at_hour(int hour) {
  return TimePoint(hours(hour));
}

class AccountsTest : public testing::Test {
 protected:
  std::int64_t create(const std::string& name, std::vector<std::string> roles = {}) {
    return accounts_.create({.name = name, .full_name = {}, .email = {}, .roles = std::move(roles)},
                            at_hour(1));
  }

  FarmTablesForTests tables_;
  Accounts accounts_{tables_.database()};
};

TEST_F(AccountsTest, AccountsAreKept) {
  AccountSettings settings{.name = "ann@example.org",
                           .full_name = "Ann",
                           .email = "ann@example.org",
                           .roles = {"admin", "restart-jobs"}};
  const auto id = accounts_.create(settings, at_hour(3));
  create("Bob");
  const auto found = accounts_.find("ann@example.org");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->settings, settings);
  EXPECT_EQ(found->created, at_hour(3));
  EXPECT_EQ(accounts_.find(id)->settings, settings);
  EXPECT_FALSE(accounts_.find("ann"));
  EXPECT_FALSE(accounts_.find(id + 100));
  ASSERT_EQ(accounts_.all().size(), 2u);
  EXPECT_EQ(accounts_.all().front().settings.name, "Bob");
  EXPECT_THROW(accounts_.create(settings, at_hour(4)), ConflictError);

  settings.full_name = "Ann B.";
  settings.roles = {"cancel-build"};
  accounts_.update(*found, settings);
  EXPECT_EQ(accounts_.find(id)->settings, settings);
}

TEST_F(AccountsTest, NamesAreHeldToTheirForm) {
  for (const char* name : {"a", "_x", "A.b@c-d_9"}) EXPECT_TRUE(is_account_name(name)) << name;
  for (const char* name : {"", "9a", "-a", "a b", "a/b", "\xc3\xa9", "a\n"}) {
    EXPECT_FALSE(is_account_name(name)) << name;
    EXPECT_THROW(create(name), InvalidError) << name;
  }
  EXPECT_TRUE(is_account_name(std::string(100, 'a')));
  EXPECT_FALSE(is_account_name(std::string(101, 'a')));
}

TEST_F(AccountsTest, RolesCountOnlyWhereAccountsAreEnabled) {
  EXPECT_FALSE(accounts_.has_with_role("admin"));
  const auto id = create("ann", {"admin"});
  EXPECT_TRUE(accounts_.has_with_role("admin"));
  EXPECT_FALSE(accounts_.has_with_role("cancel-build"));
  auto account = *accounts_.find(id);
  account.settings.disabled = true;
  accounts_.update(account, account.settings);
  EXPECT_FALSE(accounts_.has_with_role("admin"));
}

TEST_F(AccountsTest, PasswordHashesAreReplacedOnlyWhereTheyAreWhatTheyWere) {
  const auto id = create("ann");
  EXPECT_FALSE(accounts_.password_hash(id));
  accounts_.set_password_hash(id, "one");
  accounts_.set_password_hash(id, "two");
  EXPECT_EQ(accounts_.password_hash(id), "two");
  EXPECT_FALSE(accounts_.replace_password_hash(id, "one", "three"));
  EXPECT_TRUE(accounts_.replace_password_hash(id, "two", "three"));
  EXPECT_EQ(accounts_.password_hash(id), "three");
}

TEST_F(AccountsTest, SessionsExpireAndAreExtended) {
  const auto id = create("ann", {"admin"});
  const auto cookie = sha256("cookie");
  accounts_.create_session(cookie, id, "csrf", at_hour(1), at_hour(3), 10);
  const auto session = accounts_.find_session(cookie, at_hour(2));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->account.id, id);
  EXPECT_THAT(session->account.settings.roles, ElementsAre("admin"));
  EXPECT_EQ(session->csrf, "csrf");
  EXPECT_EQ(session->expires, at_hour(3));
  EXPECT_FALSE(accounts_.find_session(sha256("another"), at_hour(2)));
  EXPECT_FALSE(accounts_.find_session(cookie, at_hour(3)));
  accounts_.extend_session(cookie, at_hour(5));
  EXPECT_TRUE(accounts_.find_session(cookie, at_hour(4)));
  accounts_.remove_session(cookie);
  EXPECT_FALSE(accounts_.find_session(cookie, at_hour(4)));
}

TEST_F(AccountsTest, AnAccountsSessionsEndTogether) {
  const auto ann = create("ann");
  const auto bob = create("bob");
  const auto has = [&](std::string_view cookie) {
    return accounts_.find_session(sha256(cookie), at_hour(2)).has_value();
  };
  for (const char* cookie : {"a", "b", "c"}) {
    accounts_.create_session(sha256(cookie), ann, "x", at_hour(1), at_hour(9), 10);
  }
  accounts_.create_session(sha256("z"), bob, "x", at_hour(1), at_hour(9), 10);
  accounts_.remove_sessions(ann, sha256("b"));
  EXPECT_FALSE(has("a"));
  EXPECT_TRUE(has("b"));
  EXPECT_TRUE(has("z"));
  auto account = *accounts_.find(ann);
  account.settings.disabled = true;
  accounts_.update(account, account.settings);
  EXPECT_FALSE(has("b"));
  // Nor does one that is made all the same.
  accounts_.create_session(sha256("d"), ann, "x", at_hour(1), at_hour(9), 10);
  EXPECT_FALSE(has("d"));
  EXPECT_TRUE(has("z"));
}

TEST_F(AccountsTest, OnlyTheNewestSessionsAreKept) {
  const auto id = create("ann");
  for (int i = 1; i <= 5; ++i) {
    accounts_.create_session(sha256(std::to_string(i)), id, "x", at_hour(i), at_hour(100), 3);
  }
  EXPECT_FALSE(accounts_.find_session(sha256("2"), at_hour(6)));
  EXPECT_TRUE(accounts_.find_session(sha256("3"), at_hour(6)));
  EXPECT_TRUE(accounts_.find_session(sha256("5"), at_hour(6)));
}

TEST_F(AccountsTest, TokensExpireAndTellTheirLastUse) {
  const auto ann = create("ann");
  const auto bob = create("bob");
  const auto id = accounts_.create_token(
      sha256("token"),
      {.account = ann, .name = "ci", .scopes = {"read", "restart-jobs"}, .expires = at_hour(9)},
      at_hour(1));
  auto used = accounts_.find_token(sha256("token"), at_hour(2));
  ASSERT_TRUE(used);
  EXPECT_EQ(used->account.settings.name, "ann");
  EXPECT_THAT(used->token.scopes, ElementsAre("read", "restart-jobs"));
  EXPECT_FALSE(Accounts::is_use_noted(used->token, at_hour(2)));

  accounts_.note_token_use(id, at_hour(2));
  accounts_.note_token_use(id, at_hour(2) + std::chrono::seconds(59));
  used = accounts_.find_token(sha256("token"), at_hour(2));
  EXPECT_EQ(used->token.last_used, at_hour(2));
  EXPECT_TRUE(Accounts::is_use_noted(used->token, at_hour(2) + std::chrono::seconds(59)));
  accounts_.note_token_use(id, at_hour(2) + minutes(1));
  EXPECT_EQ(accounts_.tokens(ann).front().last_used, at_hour(2) + minutes(1));

  EXPECT_FALSE(accounts_.find_token(sha256("token"), at_hour(9)));
  EXPECT_FALSE(accounts_.find_token(sha256("another"), at_hour(2)));
  EXPECT_TRUE(accounts_.tokens(bob).empty());
  ASSERT_EQ(accounts_.all_tokens().size(), 1u);
  EXPECT_EQ(accounts_.all_tokens().front().first.id, id);
  EXPECT_EQ(accounts_.all_tokens().front().second, "ann");
  EXPECT_FALSE(accounts_.remove_token(bob, id));
  EXPECT_TRUE(accounts_.remove_token(ann, id));
  EXPECT_FALSE(accounts_.find_token(sha256("token"), at_hour(2)));
}

TEST_F(AccountsTest, ATokenOfADisabledAccountIsNone) {
  const auto id = create("ann");
  accounts_.create_token(sha256("t"), {.account = id, .name = "t", .scopes = {}, .expires = {}},
                         at_hour(1));
  EXPECT_TRUE(accounts_.find_token(sha256("t"), at_hour(10'000)));
  auto account = *accounts_.find(id);
  account.settings.disabled = true;
  accounts_.update(account, account.settings);
  EXPECT_FALSE(accounts_.find_token(sha256("t"), at_hour(2)));
}

TEST_F(AccountsTest, WhatHasExpiredIsPurged) {
  const auto id = create("ann");
  accounts_.create_session(sha256("old"), id, "x", at_hour(1), at_hour(2), 10);
  accounts_.create_session(sha256("new"), id, "x", at_hour(1), at_hour(5000), 10);
  accounts_.create_token(
      sha256("t"), {.account = id, .name = "t", .scopes = {}, .expires = at_hour(2)}, at_hour(1));
  accounts_.create_token(
      sha256("u"), {.account = id, .name = "u", .scopes = {}, .expires = std::nullopt}, at_hour(1));
  accounts_.set_setup(sha256("s"), at_hour(2));
  accounts_.purge_expired(at_hour(3));
  EXPECT_EQ(find_integer(tables_.database(), "SELECT count(*) FROM secret_sessions"), 1);
  EXPECT_EQ(find_integer(tables_.database(), "SELECT count(*) FROM secret_setup"), 0);
  EXPECT_EQ(accounts_.tokens(id).size(), 2u);
  accounts_.purge_expired(at_hour(2000));
  ASSERT_EQ(accounts_.tokens(id).size(), 1u);
  EXPECT_EQ(accounts_.tokens(id).front().name, "u");
}

TEST_F(AccountsTest, ASetupLinkServesOnce) {
  accounts_.set_setup(sha256("first"), at_hour(5));
  accounts_.set_setup(sha256("second"), at_hour(5));
  EXPECT_FALSE(accounts_.has_setup(sha256("first"), at_hour(1)));
  EXPECT_FALSE(accounts_.take_setup(sha256("first"), at_hour(1)));
  EXPECT_TRUE(accounts_.has_setup(sha256("second"), at_hour(1)));
  EXPECT_FALSE(accounts_.take_setup(sha256("second"), at_hour(5)));
  EXPECT_TRUE(accounts_.take_setup(sha256("second"), at_hour(4)));
  EXPECT_FALSE(accounts_.take_setup(sha256("second"), at_hour(4)));
}

TEST_F(AccountsTest, ADeletedAccountLeavesNothingToWhoGetsItsName) {
  const auto id = create("ann", {"admin"});
  accounts_.set_password_hash(id, "hash");
  accounts_.create_session(sha256("c"), id, "x", at_hour(1), at_hour(9), 10);
  accounts_.create_token(sha256("t"), {.account = id, .name = "t", .scopes = {}, .expires = {}},
                         at_hour(1));
  Projects projects(tables_.database());
  ProjectSettings settings;
  settings.name = "p";
  settings.owner = "ann";
  const auto project = projects.create(settings, "");
  projects.set_members(project, {"ann", "bob"});

  accounts_.remove(*accounts_.find(id));
  EXPECT_FALSE(accounts_.find("ann"));
  const auto again = create("ann");
  EXPECT_NE(again, id);
  EXPECT_FALSE(accounts_.password_hash(again));
  EXPECT_FALSE(accounts_.find_session(sha256("c"), at_hour(2)));
  EXPECT_FALSE(accounts_.find_token(sha256("t"), at_hour(2)));
  EXPECT_TRUE(accounts_.find("ann")->settings.roles.empty());
  EXPECT_EQ(projects.find("p")->settings.owner, "");
  EXPECT_EQ(projects.find("p")->version, 2);
  EXPECT_THAT(projects.members(project), ElementsAre("bob"));
}

TEST_F(AccountsTest, WebhookSecretsMayBeSeveral) {
  const auto first = accounts_.add_webhook_secret("github", "one");
  accounts_.add_webhook_secret("github", "two");
  ASSERT_EQ(accounts_.webhook_secrets().size(), 2u);
  EXPECT_TRUE(accounts_.remove_webhook_secret(first));
  EXPECT_FALSE(accounts_.remove_webhook_secret(first));
  ASSERT_EQ(accounts_.webhook_secrets().size(), 1u);
  EXPECT_EQ(accounts_.webhook_secrets().front().secret, "two");
}

}  // namespace
}  // namespace grange
