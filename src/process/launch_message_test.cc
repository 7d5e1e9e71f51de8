#include "process/launch_message.h"

#include <gtest/gtest.h>

#include "process/packet_socket.h"

namespace grange {
namespace {

LaunchSpec full_spec() {
  LaunchSpec spec;
  spec.arguments = {"sh", "", std::string("\0\n", 2)};
  spec.program = "/bin/sh";
  spec.environment = {"A=1", "B="};
  spec.working_directory = "/build";
  spec.identity = {1, 2};
  spec.personality_32bit = true;
  auto& sandbox = spec.sandbox.emplace();
  sandbox.root = "/root";
  sandbox.mount_points = "/pool";
  sandbox.store_dir = "/nix/store";
  sandbox.physical_store = "/physical";
  sandbox.store_objects = {"a", "b"};
  sandbox.paths = {SandboxPath::parse("/bin/sh=/bin/dash?"), SandboxPath::parse("/etc")};
  sandbox.build_directory = "/tmp/build";
  sandbox.private_network = false;
  sandbox.kvm = true;
  sandbox.grows = true;
  sandbox.outside = {30000, 30001};
  return spec;
}

TEST(LaunchMessage, SpecsComeBackAsTheyWere) {
  const auto bytes = encode_launch_spec(full_spec());
  const auto spec = decode_launch_spec(bytes);
  EXPECT_EQ(encode_launch_spec(spec), bytes);
  EXPECT_EQ(spec.arguments, full_spec().arguments);
  ASSERT_TRUE(spec.sandbox.has_value());
  EXPECT_EQ(spec.sandbox->outside, (std::pair<uid_t, gid_t>(30000, 30001)));
  EXPECT_EQ(spec.sandbox->paths.at(0).source, "/bin/dash");
  EXPECT_TRUE(spec.sandbox->paths[0].optional);
  EXPECT_FALSE(spec.sandbox->private_network);
  EXPECT_TRUE(spec.sandbox->grows);
  EXPECT_FALSE(decode_launch_spec(encode_launch_spec(LaunchSpec())).sandbox.has_value());
}

TEST(LaunchMessage, EveryTruncationIsRefused) {
  const auto bytes = encode_launch_spec(full_spec());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(decode_launch_spec(std::string_view(bytes).substr(0, size)), CorruptError) << size;
  }
  EXPECT_THROW(decode_launch_spec(bytes + "x"), CorruptError);
  EXPECT_THROW(decode_launch_spec(std::string(64, '\xff')), CorruptError);
}

template <typename Expected>
Expected raised(const std::exception& error) {
  try {
    decode_report(encode_report(StepReport::of_error(error))).raise();
  } catch (const Expected& again) {
    return again;
  }
}

TEST(LaunchMessage, ErrorsAreRaisedAgainAsTheyWere) {
  SystemError error(ENOENT, "opening '/x'");
  error.add_context("while testing");
  const auto again = raised<SystemError>(error);
  EXPECT_EQ(again.code(), ENOENT);
  EXPECT_STREQ(again.what(), error.what());
  EXPECT_STREQ(raised<DeniedError>(DeniedError("no")).what(), "no");
  EXPECT_STREQ(raised<InvalidError>(InvalidError("bad")).what(), "bad");
  // A full disk is worth another try.
  EXPECT_EQ(raised<UnavailableError>(SystemError(ENOSPC, "writing '/x'")).message(),
            "writing '/x': No space left on device");
  EXPECT_NE(raised<UnavailableError>(std::bad_alloc()).message().find("bad_alloc"),
            std::string::npos);
}

TEST(LaunchMessage, ReportsFitIntoAMessage) {
  InvalidError error(std::string(100'000, 'm'));
  for (int i = 0; i < 10; ++i) error.add_context(std::string(100'000, 'c'));
  const auto bytes = encode_report(StepReport::of_error(error));
  EXPECT_LE(bytes.size(), kPacketLimit);
  EXPECT_THROW(decode_report(bytes).raise(), InvalidError);
}

TEST(SandboxPathText, IsReadAsNixReadsIt) {
  const auto both = SandboxPath::parse("/bin/sh=/nix/store/x-bash/bin/bash?");
  EXPECT_EQ(both.target, "/bin/sh");
  EXPECT_EQ(both.source, "/nix/store/x-bash/bin/bash");
  EXPECT_TRUE(both.optional);
  const auto one = SandboxPath::parse("/bin");
  EXPECT_EQ(one.source, one.target);
  EXPECT_FALSE(one.optional);
  for (const char* text : {"", "?", "bin", "/bin=", "=/bin", "/bin=bin", "/a/../b", "/..=/x"}) {
    EXPECT_THROW(SandboxPath::parse(text), InvalidError) << text;
  }
}

}  // namespace
}  // namespace grange
