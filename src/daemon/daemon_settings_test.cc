#include "daemon/daemon_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "daemon/client_identity.h"
#include "daemon/client_settings.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(NixConf, ReadsSettingsCommentsAndIncludes) {
  const TemporaryDirectory directory;
  write_file(directory.path() / "more.conf", "cores = 7\nextra-substituters = file:///b\n");
  NixSettings settings;
  read_nix_conf(
      "# first\nmax-jobs = 3 # so many\n\nsubstituters =  file:///a\n"
      "include more.conf\n!include none.conf\nsystem-features = a  b\n",
      directory.path(), "nix.conf", settings);
  EXPECT_EQ(settings["max-jobs"], "3");
  EXPECT_EQ(settings["cores"], "7");
  EXPECT_EQ(settings["substituters"], "file:///a file:///b");
  EXPECT_EQ(settings["system-features"], "a b");
}

TEST(NixConf, RefusesWhatIsNoSetting) {
  NixSettings settings;
  EXPECT_THROW(read_nix_conf("max-jobs 3\n", "/", "nix.conf", settings), InvalidError);
  EXPECT_THROW(read_nix_conf("include none.conf\n", "/nonexistent", "nix.conf", settings), Error);
  const TemporaryDirectory directory;
  write_file(directory.path() / "self.conf", "include self.conf\n");
  EXPECT_THROW(read_nix_conf("include self.conf", directory.path(), "nix.conf", settings),
               InvalidError);
}

TEST(DaemonSettings, TakesWhatItKnowsAndNotesTheRest) {
  DaemonSettings settings;
  std::vector<std::string> notes;
  apply_nix_settings({{"max-jobs", "5"},
                      {"sandbox", "relaxed"},
                      {"timeout", "30"},
                      {"trusted-users", "root @wheel"},
                      {"http-connections", "3"},
                      {"narinfo-cache-negative-ttl", "7"},
                      {"colour-of-the-shed", "blue"}},
                     settings, [&](const std::string& note) { notes.push_back(note); });
  EXPECT_EQ(settings.max_jobs, 5U);
  EXPECT_EQ(settings.sandbox, BuildPolicy::Sandbox::relaxed);
  EXPECT_EQ(settings.limits.timeout.count(), 30);
  EXPECT_EQ(settings.negative_lookups.count(), 7);
  EXPECT_THAT(settings.trusted_users, ElementsAre("root", "@wheel"));
  EXPECT_THAT(notes, ElementsAre(HasSubstr("colour-of-the-shed")));
  EXPECT_THROW(apply_nix_settings({{"max-jobs", "many"}}, settings, [](const std::string&) {}),
               InvalidError);
}

TEST(ClientSettings, AnUntrustedClientSetsOnlyWhatHarmsNobody) {
  DaemonSettings daemon;
  daemon.substituters = {StoreReference::parse("file:///a")};
  daemon.trusted_substituters = {StoreReference::parse("file:///b")};
  SetOptions options;
  options.overrides = {
      {"require-sigs", "false"}, {"timeout", "9"}, {"substituters", "file:///b file:///evil"}};
  std::vector<std::string> ignored;
  const auto hear = [&](const std::string& message) { ignored.push_back(message); };
  ClientSettings settings(daemon);
  settings.apply(options, daemon, false, hear);
  EXPECT_TRUE(settings.require_signatures);
  EXPECT_EQ(settings.limits.timeout.count(), 9);
  EXPECT_THAT(settings.substituters, ElementsAre(StoreReference::parse("file:///b")));
  EXPECT_THAT(ignored,
              testing::UnorderedElementsAre(HasSubstr("require-sigs"), HasSubstr("file:///evil")));
  settings.apply(options, daemon, true, hear);
  EXPECT_FALSE(settings.require_signatures);
  EXPECT_EQ(settings.substituters.size(), 2U);
  EXPECT_EQ(ignored.size(), 2U);
}

TEST(ClientSettings, WhatTheDaemonFallsBackToEveryClientDoes) {
  DaemonSettings daemon;
  SetOptions options;
  ClientSettings settings(daemon);
  settings.apply(options, daemon, false, [](const std::string&) {});
  EXPECT_FALSE(settings.fallback);
  options.try_fallback = true;
  settings.apply(options, daemon, false, [](const std::string&) {});
  EXPECT_TRUE(settings.fallback);
  options.try_fallback = false;
  daemon.fallback = true;
  settings.apply(options, daemon, false, [](const std::string&) {});
  EXPECT_TRUE(settings.fallback);
}

TEST(ClientSettings, EqualFilesAreLinkedForWhoIsTrusted) {
  const DaemonSettings daemon;
  SetOptions options;
  options.overrides = {{"auto-optimise-store", "true"}};
  ClientSettings settings(daemon);
  settings.apply(options, daemon, false, [](const std::string&) {});
  EXPECT_FALSE(settings.optimise_additions);
  settings.apply(options, daemon, true, [](const std::string&) {});
  EXPECT_TRUE(settings.optimise_additions);
}

TEST(ClientIdentity, UsersMatchByNameGroupAndStar) {
  EXPECT_TRUE(matches_user({"root", "alice"}, "alice", {}));
  EXPECT_TRUE(matches_user({"@wheel"}, "alice", {"users", "wheel"}));
  EXPECT_TRUE(matches_user({"*"}, "anybody", {}));
  EXPECT_FALSE(matches_user({"root", "@wheel"}, "alice", {"users"}));
  EXPECT_FALSE(matches_user({"wheel"}, "alice", {"wheel"}));
}

}  // namespace
}  // namespace grange
