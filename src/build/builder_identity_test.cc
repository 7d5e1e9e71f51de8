#include "build/builder_identity.h"

#include <chrono>
#include <optional>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

using namespace std::chrono_literals;

TEST(BuilderIdentity, IsThisProcessesOwnWithoutAPool) {
  const TemporaryDirectory directory;
  const BuilderIdentity identity;
  EXPECT_FALSE(identity.ids());
  EXPECT_FALSE(identity.uid());
  identity.own(directory.path());
  struct stat status {};
  ASSERT_EQ(::stat(directory.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, ::geteuid());
}

/// Ids that no builder of another test has.
constexpr uid_t kFreeIds = 1'900'000'000;

class PooledIdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  }
  TemporaryDirectory directory_;
  std::stop_source stop_;
};

TEST_F(PooledIdentityTest, WaitsForAUid) {
  UidPool pool(directory_.path() / "uids", kFreeIds, 1);
  std::optional<BuilderIdentity> first;
  first.emplace(pool, stop_.get_token());
  EXPECT_EQ(first->uid(), kFreeIds);
  std::jthread later([&] {
    std::this_thread::sleep_for(30ms);
    first.reset();
  });
  const BuilderIdentity second(pool, stop_.get_token());
  EXPECT_EQ(second.uid(), kFreeIds);
  std::jthread stopper([&] {
    std::this_thread::sleep_for(30ms);
    stop_.request_stop();
  });
  EXPECT_THROW(BuilderIdentity(pool, stop_.get_token()), CancelledError);
}

TEST_F(PooledIdentityTest, OpensTheStoreAsNixDoes) {
  StoreLocation location;
  location.real_store = directory_.path() / "store";
  std::filesystem::create_directory(location.real_store);
  UidPool pool(directory_.path() / "uids", kFreeIds);
  BuilderIdentity identity(pool, stop_.get_token());
  identity.enter_store(location);
  struct stat status {};
  ASSERT_EQ(::stat(location.real_store.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 01775U);
  EXPECT_EQ(status.st_uid, 0U);
  EXPECT_EQ(status.st_gid, identity.ids()->second);

  // A group that somebody chose, such as nixbld, stays.
  ASSERT_EQ(::chown(location.real_store.c_str(), 0, 12345), 0);
  BuilderIdentity other(pool, stop_.get_token());
  other.enter_store(location);
  EXPECT_EQ(other.ids()->second, 12345U);
  EXPECT_NE(other.uid(), identity.uid());
}

}  // namespace
}  // namespace grange
