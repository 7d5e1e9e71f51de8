// Killed, or refused by the disk, at every point between two writes: nothing half-made is ever
// valid, and the next process goes on.

#include "base/fault.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

class StoreFaultsTest : public StoreTest, public testing::WithParamInterface<const char*> {
 protected:
  ~StoreFaultsTest() override { set_fault(""); }
  void add_something() { store().add_text("text", "content", {}); }
  static StorePath text() { return make_text_path(StoreDir::nix(), "text", "content", {}); }
};

TEST_P(StoreFaultsTest, AKillLeavesAStoreThatGoesOn) {
  close();
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(
      {
        set_fault(std::string(GetParam()) + "=kill");
        reopen();
        add_something();
      },
      testing::KilledBySignal(SIGKILL), "");
  reopen();
  EXPECT_FALSE(store().is_valid(text()));
  EXPECT_TRUE(store().verify(true, {}).empty());
  add_something();
  EXPECT_TRUE(store().is_valid(text()));
  EXPECT_TRUE(store().verify(true, {}).empty());
  const auto staging = location().own_state() / "staging";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(staging), {}), 1);  // only our own
}

TEST_P(StoreFaultsTest, AnErrorLeavesNothing) {
  for (const char* error : {"eio", "enospc"}) {
    set_fault(std::string(GetParam()) + "=" + error);
    EXPECT_THROW(add_something(), SystemError);
    EXPECT_FALSE(store().is_valid(text()));
    EXPECT_FALSE(std::filesystem::exists(store().real_path(text())));
    expect_tidy();
  }
  add_something();
  EXPECT_TRUE(store().is_valid(text()));
  EXPECT_TRUE(store().verify(true, {}).empty());
  expect_tidy();
}

INSTANTIATE_TEST_SUITE_P(Points, StoreFaultsTest,
                         testing::Values("store.add.before-move", "store.add.before-register",
                                         "store.register.before-begin",
                                         "store.register.before-commit"));

class StoreCreationFaultTest : public StoreTest {};

TEST_F(StoreCreationFaultTest, AStoreHalfCreatedIsCompleted) {
  const auto place = StoreLocation::at_root(directory() / "fresh");
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(
      {
        set_fault("store.create.before-schema=kill");
        LocalStore::open(place);
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_FALSE(std::filesystem::exists(place.state / "db/schema"));
  LocalStore::open(place)->add_text("text", "content", {});
  EXPECT_EQ(LocalStore::open(place)->all_valid_paths().size(), 1U);
}

}  // namespace
}  // namespace grange
