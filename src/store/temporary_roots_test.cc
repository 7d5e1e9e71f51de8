#include "store/temporary_roots.h"

#include <thread>

#include <fcntl.h>
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
TEST_F(TemporaryRootsTest, TellsARunningCollector) {
  const FileDescriptor lock = open_file(location().state / "gc.lock", O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  fs::create_directory(location().state / "gc-socket");
  const auto name = (location().state / "gc-socket/socket").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(name.size(), sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

  std::string told;
  std::jthread adder;
  {
    // It connects only when the collector listens: until then it tries again.
    adder = std::jthread([&] { store().add_temporary_root(path("a")); });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ASSERT_EQ(::listen(listener.get(), 5), 0);
    const FileDescriptor client(::accept(listener.get(), nullptr, nullptr));
    char byte = 0;
    FdSource source(client.get());
    while (source.read(&byte, 1) == 1 && byte != '\n') told += byte;
    EXPECT_FALSE(fs::file_size(own_file()) > 0);  // not before the collector knows
    FdSink(client.get()).write("1");
    adder.join();
  }
  EXPECT_EQ(told, line(path("a")));
  EXPECT_EQ(read_file(own_file()), line(path("a")) + '\0');
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
