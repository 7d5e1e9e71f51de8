#include <filesystem>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "process/launcher.h"
#include "process/test_launcher.h"

namespace grange {
namespace {

// Ids that no account has; nobody becomes any of them here, so that no privileges are needed.
constexpr uid_t kFreeIds = 1'900'000'000;

TEST(UidPool, GivesEachUidOnceAtATime) {
  const TemporaryDirectory directory;
  UidPool pool(directory.path() / "uids", kFreeIds, 3);
  std::vector<std::unique_ptr<UidPool::Lease>> leases;
  std::set<uid_t> uids;
  for (int i = 0; i < 3; ++i) {
    leases.push_back(pool.try_acquire());
    ASSERT_NE(leases.back(), nullptr);
    EXPECT_EQ(leases.back()->gid, leases.back()->uid);
    uids.insert(leases.back()->uid);
  }
  EXPECT_EQ(uids, (std::set<uid_t>{kFreeIds, kFreeIds + 1, kFreeIds + 2}));
  EXPECT_EQ(pool.try_acquire(), nullptr);
  leases.pop_back();
  EXPECT_NE(pool.try_acquire(), nullptr);
}

TEST(UidPool, TwoPoolsNeverShareAUid) {
  const TemporaryDirectory directory;
  UidPool second(directory.path(), kFreeIds, 2);
  {
    UidPool first(directory.path(), kFreeIds, 2);
    const auto one = first.try_acquire();
    const auto other = second.try_acquire();
    ASSERT_TRUE(one && other);
    EXPECT_NE(one->uid, other->uid);
    EXPECT_EQ(first.try_acquire(), nullptr);
    EXPECT_EQ(second.try_acquire(), nullptr);
  }
  // `second` keeps its own for its next step, and what `first` held is free.
  const auto again = second.try_acquire();
  const auto other = second.try_acquire();
  ASSERT_TRUE(again && other);
  EXPECT_NE(again->uid, other->uid);
}

TEST(UidPool, ALeaseMayOutliveItsPool) {
  const TemporaryDirectory directory;
  std::unique_ptr<UidPool::Lease> lease;
  {
    UidPool pool(directory.path(), kFreeIds, 1);
    lease = pool.try_acquire();
  }
  UidPool pool(directory.path(), kFreeIds, 1);
  EXPECT_EQ(pool.try_acquire(), nullptr);
  lease.reset();
  EXPECT_NE(pool.try_acquire(), nullptr);
}

TEST(UidPool, PassesOverAccounts) {
  const TemporaryDirectory directory;
  UidPool pool(directory.path(), 0, 1);  // root
  EXPECT_EQ(pool.try_acquire(), nullptr);
}

TEST(UidPool, PassesOverUidsOfProcesses) {
  const auto ids = test_launcher::builder_ids();
  if (!ids) GTEST_SKIP() << "needs root, to run a process as another user";
  const TemporaryDirectory directory;
  const auto launcher = Launcher::start(test_launcher::launcher_config());
  auto spec = test_launcher::busybox_script("echo running; sleep 1000");
  spec.identity = ids;
  const auto process = launcher->launch(spec);
  char byte = 0;
  ASSERT_EQ(::read(process->output_descriptor(), &byte, 1), 1);
  UidPool pool(directory.path(), ids->first, 1);
  EXPECT_EQ(pool.try_acquire(), nullptr);
  process->kill();
  EXPECT_NE(pool.try_acquire(), nullptr);
}

}  // namespace
}  // namespace grange
