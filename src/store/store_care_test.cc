// Optimising, generations, sets of roots, and collection on low disk.

#include <atomic>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

#include "store/garbage_collection.h"
#include "store/low_disk.h"
#include "store/optimise.h"
#include "store/profile_generations.h"
#include "store/root_sets.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

class StoreCareTest : public StoreTest {
 protected:
  static void set_age(const fs::path& path, hours age) {
    const auto then = to_unix(SystemClock().now() - age);
    const timespec times[2] = {{then, 0}, {then, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  std::set<StorePath> rooted() const {
    std::set<StorePath> paths;
    for (const auto& root : find_permanent_roots(location(), false)) paths.insert(root.path);
    return paths;
  }
};

TEST_F(StoreCareTest, EqualFilesShareTheirSpace) {
  const auto tree = directory() / "tree";
  fs::create_directories(tree / "deep");
  write_file(tree / "a", std::string(1000, 'x'));
  write_file(tree / "deep/b", std::string(1000, 'x'));
  write_file(tree / "program", std::string(1000, 'x'));
  fs::permissions(tree / "program", fs::perms(0755));
  write_file(tree / "c", "other");
  const auto added =
      store().add_tree(tree, "tree", {ContentMethod::recursive, HashAlgorithm::sha256});
  const auto single = add(path("single"), std::string(1000, 'x'));
  const auto result = optimise_store(store(), {});
  EXPECT_EQ(result.files, 5U);
  EXPECT_EQ(result.linked, 2U);
  EXPECT_EQ(result.bytes_freed, 2000U);
  EXPECT_TRUE(result.problems.empty());
  const auto real = store().real_path(added);
  EXPECT_TRUE(fs::equivalent(real / "a", real / "deep/b"));
  EXPECT_TRUE(fs::equivalent(real / "a", store().real_path(single)));
  EXPECT_FALSE(fs::equivalent(real / "a", real / "program"));
  struct stat status {};
  ASSERT_EQ(::stat((real / "deep").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0555U);
  EXPECT_EQ(status.st_mtime, 1);
  EXPECT_TRUE(store().verify(true, {}).empty());
  EXPECT_EQ(optimise_store(store(), {}).linked, 0U);
  expect_tidy();
}

TEST_F(StoreCareTest, FilesMayShareTheirSpaceAsTheyAreAdded) {
  const auto one = add(path("one", '1'), "content");
  store().optimise_additions(true);
  const auto session = store().session();
  const auto tree = directory() / "tree";
  fs::create_directories(tree / "deep");
  write_file(tree / "deep/a", "content");
  write_file(tree / "deep/b", "content");
  const auto two =
      session->add_tree(tree, "tree", {ContentMethod::recursive, HashAlgorithm::sha256});
  const auto deep = store().real_path(two) / "deep";
  EXPECT_TRUE(fs::equivalent(deep / "a", deep / "b"));
  EXPECT_FALSE(fs::equivalent(deep / "a", store().real_path(one)));  // it was there before
  struct stat status {};
  ASSERT_EQ(::stat(deep.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0555U);
  EXPECT_EQ(status.st_mtime, 1);
  session->optimise_additions(false);
  const auto three = session->add_text("three", "content", {});
  EXPECT_FALSE(fs::equivalent(deep / "a", store().real_path(three)));
  EXPECT_TRUE(store().verify(true, {}).empty());
  expect_tidy();
}

TEST_F(StoreCareTest, ADamagedLinkIsNotShared) {
  const auto one = add(path("one", '1'), "content");
  optimise_store(store(), {});
  const auto link = fs::directory_iterator(location().real_store / ".links")->path();
  fs::remove(link);
  write_file(link, "damaged");
  fs::permissions(link, fs::perms(0444));
  const auto two = add(path("two", '2'), "content");
  EXPECT_TRUE(optimise_store(store(), {}).problems.empty());
  EXPECT_TRUE(fs::equivalent(store().real_path(one), store().real_path(two)));
  EXPECT_TRUE(store().verify(true, {}).empty());
}

TEST_F(StoreCareTest, OldGenerationsGoButTheOneThatWasCurrentThen) {
  const auto profiles = location().state / "profiles/per-user/somebody";
  fs::create_directories(profiles);
  for (int i = 1; i <= 5; ++i) {
    const auto link = profiles / ("profile-" + std::to_string(i) + "-link");
    fs::create_symlink(location().store_dir.print(path("p", static_cast<char>('0' + i))), link);
    set_age(link, hours(24 * (60 - 10 * i)));  // 50, 40, 30, 20, 10 days
  }
  fs::create_symlink("profile-1-link", profiles / "profile");  // rolled back
  fs::create_symlink("profile-5-link", profiles / "other");
  const auto before = SystemClock().now() - hours(24 * 25);
  EXPECT_EQ(remove_old_generations(location(), before, true),
            std::vector{profiles / "profile-2-link"});
  EXPECT_EQ(rooted().size(), 5U);
  remove_old_generations(location(), before, false);
  EXPECT_EQ(rooted(), (std::set{path("p", '1'), path("p", '3'), path("p", '4'), path("p", '5')}));
}

TEST_F(StoreCareTest, ASetOfRootsHoldsWhatItLastSaid) {
  const auto one = path("one", '1');
  const auto two = path("two", '2');
  const auto three = path("three", '3');
  RootSet set(location(), "a selection");
  const std::string odd = "odd/^%\n" + std::string(300, 'x');
  set.update({{"a", {{"out", one}, {"dev", two}}}, {odd, {{"out", three}}}}, {}, false);
  EXPECT_EQ(rooted(), (std::set{one, two, three}));
  set.update({{"a", {{"out", two}}}}, {odd}, false);
  EXPECT_EQ(rooted(), (std::set{two, three}));
  set.update({}, {}, true);
  EXPECT_EQ(rooted(), (std::set{two, three}));
  RootSet(location(), "another").update({{"a", {{"out", one}}}}, {}, false);
  set.update({{"a", {{"out", two}}}}, {}, false);
  EXPECT_EQ(rooted(), (std::set{one, two}));
}

TEST_F(StoreCareTest, SetsThatNobodyUpdatesAreForgotten) {
  RootSet(location(), "old").update({{"a", {{"out", path("old", '1')}}}}, {}, false);
  for (const auto& entry : fs::directory_iterator(location().state / "gcroots/grange")) {
    set_age(entry.path(), hours(100));
  }
  RootSet(location(), "new").update({{"a", {{"out", path("new", '2')}}}}, {}, false);
  const auto before = SystemClock().now() - hours(50);
  EXPECT_EQ(remove_old_root_sets(location(), before, true), 1U);
  EXPECT_EQ(rooted().size(), 2U);
  EXPECT_EQ(remove_old_root_sets(location(), before, false), 1U);
  EXPECT_EQ(rooted(), std::set{path("new", '2')});
}

TEST_F(StoreCareTest, ALowDiskIsCollectedWithoutFailingAnything) {
  LowDiskOptions options;
  options.min_free = 100;
  options.max_free = 500;
  options.interval = std::chrono::milliseconds(1);
  std::atomic<std::uint64_t> available{1000};
  std::atomic<int> collections{0};
  std::atomic<std::uint64_t> asked{0};
  LowDiskCollector::Seams seams;
  seams.available = [&] { return available.load(); };
  seams.collect = [&](const CollectionOptions& collection, const std::stop_token&) {
    asked = collection.max_freed.value_or(0);
    EXPECT_FALSE(collection.wait);
    if (++collections == 2) throw UnavailableError("the disk is very full");
    available = 90;  // not enough: but it is not tried in vain again and again
    return CollectionResult{};
  };
  std::atomic<int> told{0};
  const auto settle = [] { std::this_thread::sleep_for(std::chrono::milliseconds(30)); };
  {
    LowDiskCollector collector(
        store(), options, [&](const std::string&) { ++told; }, seams);
    settle();
    EXPECT_EQ(collections, 0);
    available = 50;
    settle();
    EXPECT_EQ(collections, 1);
    EXPECT_EQ(asked, 450U);
    available = 20;
    settle();
    EXPECT_EQ(collections, 2);
    settle();
  }
  EXPECT_EQ(collections, 2);
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace grange
