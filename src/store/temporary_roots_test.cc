#include "store/temporary_roots.h"

#include <chrono>
#include <future>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/stream.h"
#include "store/collection.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class TemporaryRootsTest : public StoreTest {
 protected:
  fs::path own_file() const { return location().state / "temproots" / std::to_string(::getpid()); }
  static std::string line(const StorePath& path) { return StoreDir::nix().print(path); }
};

TEST_F(TemporaryRootsTest, WritesALockedFileWhileItLives) {
  store().add_temporary_root(path("a"));
  store().add_temporary_root(path("a"));
  store().add_temporary_root(path("b"));
  const std::string text = read_file(own_file());
  EXPECT_EQ(text, line(path("a")) + '\0' + line(path("b")) + '\0');
  const FileDescriptor other = open_file(own_file(), O_RDWR);
  EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  close();
  EXPECT_FALSE(fs::exists(own_file()));
}

TEST_F(TemporaryRootsTest, TakesAnotherNameWhenItsOwnIsInUse) {
  const FileDescriptor other = open_file(own_file(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  store().add_temporary_root(path("a"));
  EXPECT_EQ(read_file(own_file()), "");
  const auto taken = location().state / "temproots" / std::to_string(::getpid() + 4'194'304);
  EXPECT_EQ(read_file(taken), line(path("a")) + '\0');
}

TEST_F(TemporaryRootsTest, TakesOverAStaleFile) {
  write_file(own_file(), "stale");
  store().add_temporary_root(path("a"));
  EXPECT_EQ(read_file(own_file()), line(path("a")) + '\0');
}

/// Plays the collector of Nix: holds gc.lock alone and answers on its socket.
class RunningCollector {
 public:
  explicit RunningCollector(const fs::path& state)
      : lock_(open_file(state / "gc.lock", O_RDWR | O_CREAT, 0600)),
        listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::flock(lock_.get(), LOCK_EX | LOCK_NB), 0);
    fs::create_directory(state / "gc-socket");
    const auto name = (state / "gc-socket/socket").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_LT(name.size(), sizeof address.sun_path);
    name.copy(address.sun_path, name.size());
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  FileDescriptor accept() const {
    EXPECT_EQ(::listen(listener_.get(), 5), 0);
    return FileDescriptor(::accept(listener_.get(), nullptr, nullptr));
  }
  /// Nothing when whoever would connect has ended without.
  FileDescriptor accept_unless(const std::future<void>& ended) const {
    pollfd connecting{listener_.get(), POLLIN, 0};
    while (::poll(&connecting, 1, /*timeout=*/10) == 0) {
      if (ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready) return {};
    }
    return accept();
  }
  static std::string read_line(const FileDescriptor& client) {
    std::string told;
    char byte = 0;
    FdSource source(client.get());
    while (source.read(&byte, 1) == 1 && byte != '\n') told += byte;
    return told;
  }
  static void answer(const FileDescriptor& client) { FdSink(client.get()).write("1"); }

 private:
  FileDescriptor lock_;
  FileDescriptor listener_;
};

TEST_F(TemporaryRootsTest, TellsARunningCollector) {
  const RunningCollector collector(location().state);
  // It connects only when the collector listens: until then it tries again.
  std::jthread adder([&] { store().add_temporary_root(path("a")); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const FileDescriptor client = collector.accept();
  EXPECT_EQ(RunningCollector::read_line(client), line(path("a")));
  EXPECT_FALSE(fs::file_size(own_file()) > 0);  // not before the collector knows
  RunningCollector::answer(client);
  adder.join();
  EXPECT_EQ(read_file(own_file()), line(path("a")) + '\0');
}

/// The next one may have read the file between that one's end and our writing to it.
TEST_F(TemporaryRootsTest, TellsTheNextCollectorWhenTheOneThatAnsweredHasEnded) {
  const RunningCollector collector(location().state);
  for (int round = 0;; ++round) {
    ASSERT_LT(round, 200) << "it never asked again";
    const auto object = path("object-" + std::to_string(round));
    const auto adder = std::async(std::launch::async, [&] { store().add_temporary_root(object); });
    const FileDescriptor first = collector.accept();
    RunningCollector::answer(first);  // and is gone before the root is written
    ::shutdown(first.get(), SHUT_WR);
    const FileDescriptor second = collector.accept_unless(adder);
    if (!second) continue;  // it looked between the answer and the end: that one was still there
    EXPECT_EQ(RunningCollector::read_line(second), line(object));
    RunningCollector::answer(second);
    adder.wait();
    EXPECT_TRUE(read_file(own_file()).ends_with(line(object) + '\0'));
    return;
  }
}

/// It may have looked at permanent roots before this one was made, and looks at temporary ones
/// after this process has ended.
TEST_F(TemporaryRootsTest, TellsARunningCollectorOfANewPermanentRoot) {
  const auto object = add(path("a"), "a");
  const FileDescriptor lock = *lock_collector(location(), true, {});
  DeletionGate gate;
  RootServer server(location(), gate);
  EXPECT_FALSE(gate.is_protected(object.hash_part()));
  store().add_indirect_root(directory() / "result", object);
  EXPECT_TRUE(gate.is_protected(object.hash_part()));
}

TEST_F(TemporaryRootsTest, GoesOnWhenTheCollectorHasEnded) {
  FileDescriptor lock = open_file(location().state / "gc.lock", O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  std::jthread collector([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    lock.reset();
  });
  store().add_temporary_root(path("a"));
  EXPECT_EQ(read_file(own_file()), line(path("a")) + '\0');
}

}  // namespace
}  // namespace grange
