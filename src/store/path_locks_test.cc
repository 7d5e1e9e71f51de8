#include "store/path_locks.h"

#include <atomic>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class PathLocksTest : public StoreTest {
 protected:
  fs::path lock_file(const StorePath& path) const {
    return location().real_store / (path.base_name() + ".lock");
  }
};

TEST_F(PathLocksTest, ExcludeOthersUntilReleased) {
  auto locks = store().try_lock({path("a"), path("b")});
  ASSERT_TRUE(locks && locks->held());
  EXPECT_EQ(store().try_lock({path("b")}), std::nullopt);
  EXPECT_EQ(store().try_lock({path("a"), path("c")}), std::nullopt);
  EXPECT_TRUE(store().try_lock({path("c")}));  // it was not left locked
  locks.reset();
  EXPECT_TRUE(store().try_lock({path("a")}));
  EXPECT_TRUE(fs::exists(lock_file(path("a"))));
}

TEST_F(PathLocksTest, FilesGoWhenTheOutputsAreRegistered) {
  const FileDescriptor waiter = [&] {
    auto locks = store().try_lock({path("a")});
    FileDescriptor fd = open_file(lock_file(path("a")), O_RDWR);
    locks->remove_files();
    PathLocks moved = std::move(*locks);
    moved = PathLocks();
    return fd;
  }();
  EXPECT_FALSE(fs::exists(lock_file(path("a"))));
  EXPECT_EQ(::lseek(waiter.get(), 0, SEEK_END), 1);  // marked stale for who had it open
}

TEST_F(PathLocksTest, AStaleFileIsNotTakenForALock) {
  write_file(lock_file(path("a")), "d");
  const auto locks = store().try_lock({path("a")});
  ASSERT_TRUE(locks);
  EXPECT_EQ(fs::file_size(lock_file(path("a"))), 0U);
  EXPECT_EQ(store().try_lock({path("a")}), std::nullopt);
}

TEST_F(PathLocksTest, FilesOfTheDeadAreRemovedAndOnlyThose) {
  const auto held = store().lock({path("held")}, {});
  const auto file = [&](const StorePath& of) { return store().real_path(of).string() + ".lock"; };
  const auto leave = [](const std::string& at) { open_file(at, O_RDWR | O_CREAT, 0600); };
  leave(file(path("dead")));
  leave(file(path("dead.drv.out")));
  leave(location().real_store / "no-path.lock");
  const auto empty = store().add_text("Cargo.lock", "", {});
  const auto full = store().add_text("other.lock", "an object that is named so", {});
  write_file(store().real_path(path("half-added.lock")), "");
  remove_free_locks(store());
  EXPECT_TRUE(std::filesystem::exists(file(path("held"))));
  EXPECT_FALSE(std::filesystem::exists(file(path("dead"))));
  EXPECT_FALSE(std::filesystem::exists(file(path("dead.drv.out"))));
  EXPECT_TRUE(std::filesystem::exists(location().real_store / "no-path.lock"));
  EXPECT_TRUE(std::filesystem::exists(store().real_path(path("half-added.lock"))));
  for (const auto& object : {empty, full}) {
    EXPECT_TRUE(std::filesystem::exists(store().real_path(object)));
    EXPECT_FALSE(std::filesystem::exists(file(object)));
  }
}

TEST_F(PathLocksTest, WaitingEndsWithTheLockOrTheStop) {
  auto held = store().try_lock({path("a")});
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop.request_stop();
  });
  EXPECT_THROW(store().lock({path("a")}, stop.get_token()), CancelledError);
  std::jthread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    held->remove_files();
    held.reset();
  });
  EXPECT_TRUE(store().lock({path("a")}, {}).held());
}

TEST_F(PathLocksTest, PatienceEnds) {
  const auto held = store().try_lock({path("a")});
  EXPECT_THROW(lock_paths(location(), {path("a")}, {}, std::chrono::seconds(0)), UnavailableError);
}

TEST_F(PathLocksTest, OnlyOneHoldsWhateverTheInterleaving) {
  std::atomic<int> inside = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        PathLocks locks = store().lock({path("a"), path("b")}, {});
        EXPECT_EQ(++inside, 1);
        --inside;
        if (round % 3 != 0) locks.remove_files();
      }
    });
  }
}

}  // namespace
}  // namespace grange
