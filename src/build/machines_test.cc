#include "build/machines.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

TEST(Machines, HaveWhatTheirLinesSay) {
  const auto machines = parse_machines(
      "ssh-ng://mac x86_64-darwin,aarch64-darwin /key 4 2.5 kvm,big-parallel big-parallel "
      "c3NoLWVkMjU1MTkgQUFBQQ==",
      "x86_64-linux");
  ASSERT_EQ(machines.size(), 1U);
  const auto& machine = machines.front();
  EXPECT_EQ(machine.store.scheme, "ssh-ng");
  EXPECT_EQ(machine.store.authority, "mac");
  EXPECT_EQ(machine.store.parameters.at("ssh-key"), "/key");
  EXPECT_EQ(machine.store.parameters.at("base64-ssh-public-host-key"), "c3NoLWVkMjU1MTkgQUFBQQ==");
  EXPECT_EQ(machine.systems, (std::set<std::string>{"aarch64-darwin", "x86_64-darwin"}));
  EXPECT_EQ(machine.jobs, 4U);
  EXPECT_EQ(machine.speed, 2.5);
  EXPECT_EQ(machine.features, (std::set<std::string>{"big-parallel", "kvm"}));
  EXPECT_EQ(machine.mandatory, (std::set<std::string>{"big-parallel"}));
}

TEST(Machines, LeaveOutWhatIsAsUsual) {
  for (const auto* text : {"me@host", "ssh://me@host - - - - - - -", "  me@host\t-  # a comment"}) {
    const auto machines = parse_machines(text, "x86_64-linux");
    ASSERT_EQ(machines.size(), 1U) << text;
    EXPECT_EQ(machines.front(),
              (RemoteMachine{StoreReference::parse("ssh://me@host"), {"x86_64-linux"}}))
        << text;
  }
}

TEST(Machines, ComeByLinesBySemicolonsAndFromFiles) {
  const TemporaryDirectory directory;
  write_file(directory.path() / "machines", "# ours\nssh://b\n\nunix:///c - - 0\nssh://d\n");
  const auto machines = parse_machines(
      "ssh://a ; @" + (directory.path() / "machines").string() + ";\nunix:///socket", "s");
  ASSERT_EQ(machines.size(), 4U);
  EXPECT_EQ(machines[0].store.authority, "a");
  EXPECT_EQ(machines[1].store.authority, "b");
  EXPECT_EQ(machines[2].store.authority, "d") << "what is to make nothing is left out";
  EXPECT_EQ(machines[3].store.scheme, "unix");
  EXPECT_TRUE(parse_machines("", "s").empty());
  EXPECT_TRUE(parse_machines(" ; # nothing ; \n", "s").empty());
}

TEST(Machines, AreRefusedWhenTheyMakeNoSense) {
  for (const auto* text :
       {"ssh://a s k 1 1 f m h more", "ssh://a - - many", "ssh://a - - -1", "ssh://a - - 1 0",
        "ssh://a - - 1 nan", "ssh://a - - 1 inf", "ssh://a - - 1 1x", "file:///cache", "/root",
        "auto", "ssh://a - - 1 1 - - %", "ssh://a?x", "ssh://a - - 99999999999", "@ ssh://a",
        "@"}) {
    EXPECT_THROW(parse_machines(text, "s"), InvalidError) << text;
  }
  EXPECT_THROW(parse_machines("@/no/such/file", "s"), NotFoundError);
}

TEST(Machines, DoNotNameThemselvesForEver) {
  const TemporaryDirectory directory;
  const auto file = (directory.path() / "machines").string();
  write_file(file, "@" + file + "\n");
  EXPECT_THROW(parse_machines("@" + file, "s"), InvalidError);
}

}  // namespace
}  // namespace grange
