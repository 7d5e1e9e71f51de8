// Killed at every point of a collection: what is valid is whole, and the next one finishes.

#include "base/fault.h"
#include "store/garbage_collection.h"
#include "store/optimise.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

class CollectionFaultsTest : public StoreTest, public testing::WithParamInterface<const char*> {
 protected:
  CollectionFaultsTest() {
    needed_ = add(path("needed", '1'), "n");
    kept_ = add(path("kept", '2'), "k", {needed_});
    const auto dead = add(path("dead", '3'), "d", {needed_});
    add(path("deader", '4'), "dd", {dead});
    std::filesystem::create_hard_link(store().real_path(dead),
                                      location().real_store / ".links" / std::string(52, '1'));
    std::filesystem::create_symlink(location().store_dir.print(kept_),
                                    location().state / "gcroots/kept");
    close();
  }
  ~CollectionFaultsTest() override { set_fault(""); }

  StorePath needed_ = path("x");
  StorePath kept_ = path("x");
};

TEST_P(CollectionFaultsTest, AKillLeavesAWholeStore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        set_fault(std::string(GetParam()) + "=kill");
        reopen();
        collect_garbage(store(), {}, {});
      },
      testing::KilledBySignal(SIGKILL), "");
  reopen();
  EXPECT_TRUE(store().verify(true, {}).empty());
  EXPECT_TRUE(store().is_valid(kept_));
  collect_garbage(store(), {}, {});
  EXPECT_EQ(store().all_valid_paths(), (std::vector{needed_, kept_}));
  EXPECT_TRUE(store().verify(true, {}).empty());
  EXPECT_TRUE(std::filesystem::is_empty(location().real_store / ".links"));
  expect_tidy();
}

TEST_P(CollectionFaultsTest, AnErrorLeavesAWholeStore) {
  reopen();
  for (const char* error : {"eio", "enospc"}) {
    set_fault(std::string(GetParam()) + "=" + error);
    try {
      collect_garbage(store(), {}, {});
    } catch (const SystemError&) {  // or it is told as a problem
    }
    EXPECT_TRUE(store().verify(true, {}).empty());
    EXPECT_TRUE(store().is_valid(kept_));
  }
  set_fault("");
  collect_garbage(store(), {}, {});
  EXPECT_EQ(store().all_valid_paths().size(), 2U);
  expect_tidy();
}

INSTANTIATE_TEST_SUITE_P(Points, CollectionFaultsTest,
                         testing::Values("gc.before-invalidate", "gc.before-commit",
                                         "gc.before-remove", "gc.before-links",
                                         "gc.before-link-removal"));

class OptimiseFaultsTest : public StoreTest, public testing::WithParamInterface<const char*> {
 protected:
  ~OptimiseFaultsTest() override { set_fault(""); }
};

TEST_P(OptimiseFaultsTest, AKillLeavesAWholeStore) {
  const auto tree = directory() / "tree";
  std::filesystem::create_directory(tree);
  write_file(tree / "a", "same");
  write_file(tree / "b", "same");
  const auto added =
      store().add_tree(tree, "tree", {ContentMethod::recursive, HashAlgorithm::sha256});
  close();
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        set_fault(std::string(GetParam()) + "=kill");
        reopen();
        optimise_store(store(), {});
      },
      testing::KilledBySignal(SIGKILL), "");
  reopen();
  EXPECT_TRUE(store().verify(true, {}).empty());
  optimise_store(store(), {});
  EXPECT_TRUE(store().verify(true, {}).empty());
  EXPECT_EQ(std::filesystem::hard_link_count(store().real_path(added) / "a"), 3U);
}

INSTANTIATE_TEST_SUITE_P(Points, OptimiseFaultsTest,
                         testing::Values("store.optimise.before-link",
                                         "store.optimise.before-rename",
                                         "store.optimise.after-rename"));

}  // namespace
}  // namespace grange
