#include "store/store_peer.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "store/fake_daemon.h"

namespace grange {
namespace {

TEST(StorePeer, TalksToAProgram) {
  const auto peer = StorePeer::start({"cat"}, "cat");
  const std::string much(1'000'000, 'x');  // more than fits into both pipes
  peer->write(much);
  std::string back(much.size(), '\0');
  peer->read_exactly(back.data(), back.size());
  EXPECT_EQ(back, much);
}

TEST(StorePeer, SaysWhatAProgramSaidBeforeItEnded) {
  std::string heard;
  const auto peer = StorePeer::start({"sh", "-c", "echo no such host >&2; exit 255"}, "far away");
  peer->listen([&](std::string_view said) { heard += said; });
  char byte = 0;
  try {
    peer->read(&byte, 1);
    FAIL();
  } catch (const UnavailableError& error) {
    EXPECT_EQ(error.message(), "the connection to far away ended: no such host");
  }
  EXPECT_EQ(heard, "no such host\n");
}

TEST(StorePeer, AClosedPipeIsAnErrorAndNoSignal) {
  const auto peer = StorePeer::start({"true"}, "true");
  const std::string much(1'000'000, 'x');
  EXPECT_THROW(peer->write(much), UnavailableError);
}

TEST(StorePeer, KnowsWhetherSomethingArrived) {
  auto [peer, theirs] = make_peer("them");
  EXPECT_FALSE(peer->has_input());
  FdSink(theirs.get()).write("x");
  EXPECT_TRUE(peer->has_input());
  char byte = 0;
  EXPECT_EQ(peer->read(&byte, 1), 1U);
  EXPECT_FALSE(peer->has_input());
  theirs.reset();
  EXPECT_TRUE(peer->has_input());
  EXPECT_THROW(peer->read(&byte, 1), UnavailableError);
}

TEST(StorePeer, LosesPatience) {
  auto [peer, theirs] = make_peer("them");
  peer->set_patience(Seconds(0.01));
  char byte = 0;
  EXPECT_THROW(peer->read(&byte, 1), TimeoutError);
  EXPECT_THROW(peer->write(std::string(10'000'000, 'x')), TimeoutError);
}

TEST(StorePeer, IsInterruptedForGood) {
  auto [peer, theirs] = make_peer("them");
  peer->interrupt();
  char byte = 0;
  EXPECT_THROW(peer->read(&byte, 1), CancelledError);
  EXPECT_THROW(peer->write("x"), CancelledError);
}

TEST(StorePeer, FindsNoSocketAndNoProgram) {
  const TemporaryDirectory directory;
  EXPECT_THROW(StorePeer::connect(directory.path() / "socket", "x"), UnavailableError);
  EXPECT_THROW(StorePeer::start({"/no/such/program"}, "x"), NotFoundError);
}

}  // namespace
}  // namespace grange
