#include "store/ssh_command.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

SshTarget target_of(std::string host) {
  SshTarget target;
  target.host = std::move(host);
  return target;
}

TEST(SshCommand, RunsACommandOverThere) {
  EXPECT_EQ(SshCommand(target_of("me@host")).arguments("nix-daemon --stdio"),
            (std::vector<std::string>{"ssh", "-x", "-a", "--", "me@host", "nix-daemon --stdio"}));
  EXPECT_EQ(SshCommand(target_of("localhost")).arguments("nix-daemon --stdio"),
            (std::vector<std::string>{"bash", "-c", "nix-daemon --stdio"}));
}

TEST(SshCommand, TellsSshWhatIsSpecified) {
  auto target = target_of("me@host");
  target.key_file = "/key";
  target.public_key = "ssh-ed25519 AAAA";
  target.compress = true;
  target.options = {"-p", "2222"};
  const SshCommand command(target);
  const auto arguments = command.arguments("x");
  ASSERT_EQ(arguments.size(), 12U);
  EXPECT_EQ(arguments[3], "-i");
  EXPECT_EQ(arguments[4], "/key");
  ASSERT_TRUE(arguments[5].starts_with("-oUserKnownHostsFile="));
  EXPECT_EQ(read_file(arguments[5].substr(arguments[5].find('=') + 1)), "host ssh-ed25519 AAAA\n");
  EXPECT_EQ(arguments[6], "-C");
  EXPECT_EQ(arguments[7], "-p");
}

TEST(SshCommand, TakesNoOptionForAHost) {
  for (const auto* host : {"", "-oProxyCommand=x", "a b", "a;b", "a/b", "$(x)"}) {
    EXPECT_THROW(SshCommand(target_of(host)), InvalidError) << host;
  }
}

TEST(ShellWord, IsOneWord) {
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace grange
