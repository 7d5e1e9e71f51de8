#include "store/gc_roots.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/file.h>

#include "store/collection.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class GcRootsTest : public StoreTest {
 protected:
  std::string shown(const StorePath& path) const { return location().store_dir.print(path); }
  fs::path state() const { return location().state; }
  static std::set<StorePath> paths_of(const std::vector<StoreRoot>& roots) {
    std::set<StorePath> paths;
    for (const auto& root : roots) paths.insert(root.path);
    return paths;
  }
};

TEST_F(GcRootsTest, LinksIntoTheStoreAreRoots) {
  fs::create_directories(state() / "gcroots/deep/er");
  fs::create_symlink(shown(path("a")), state() / "gcroots/deep/er/link");
  fs::create_symlink(shown(path("b")) + "/bin/program", state() / "profiles/inside");
  fs::create_symlink(location().real_store / path("c").base_name(), state() / "gcroots/physical");
  write_file(state() / "gcroots" / path("d").base_name(), "");
  write_file(state() / "gcroots/readme", "");
  fs::create_symlink("/etc/passwd", state() / "gcroots/elsewhere");
  EXPECT_EQ(paths_of(find_permanent_roots(location(), true)),
            (std::set{path("a"), path("b"), path("c"), path("d")}));
}

TEST_F(GcRootsTest, IndirectRootsCountWhileTheirLinkIsThere) {
  store().add_indirect_root(directory() / "result", path("a"));
  store().add_indirect_root(directory() / "gone", path("b"));
  store().add_indirect_root(directory() / "file", path("c"));
  fs::remove(directory() / "gone");
  fs::remove(directory() / "file");
  write_file(directory() / "file", "no link any more");
  fs::create_symlink(directory() / "nowhere", state() / "gcroots/own");
  const auto links = [&] {
    return std::distance(fs::directory_iterator(state() / "gcroots/auto"), {});
  };
  const auto looked = find_permanent_roots(location(), false);
  ASSERT_EQ(looked.size(), 1U);
  EXPECT_EQ(looked[0].path, path("a"));
  EXPECT_EQ(looked[0].origin, (directory() / "result").string());
  EXPECT_EQ(links(), 3);
  find_permanent_roots(location(), true);
  EXPECT_EQ(links(), 2);  // only what dangles in auto goes
  EXPECT_TRUE(fs::is_symlink(state() / "gcroots/own"));
}

/// A collector that saw the root dangle removes it by its name.
TEST_F(GcRootsTest, ARootMadeWhileSomebodyCollectsHasANameOfItsOwn) {
  store().add_indirect_root(directory() / "result", path("a"));
  const auto old = fs::directory_iterator(state() / "gcroots/auto")->path();
  fs::remove(directory() / "result");
  const FileDescriptor lock = *lock_collector(location(), true, {});
  DeletionGate gate;
  const RootServer server(location(), gate);
  store().add_indirect_root(directory() / "result", path("b"));
  fs::remove(old);
  EXPECT_EQ(paths_of(find_permanent_roots(location(), true)), std::set{path("b")});
}

TEST_F(GcRootsTest, WhatCannotBeReadStopsTheCollection) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  fs::create_directory(state() / "gcroots/closed");
  fs::permissions(state() / "gcroots/closed", fs::perms::none);
  EXPECT_THROW(find_permanent_roots(location(), true), SystemError);
  fs::permissions(state() / "gcroots/closed", fs::perms::owner_all);
}

TEST_F(GcRootsTest, TemporaryRootsCountWhileTheirProcessLives) {
  const auto living = state() / "temproots/12345";
  const auto stale = state() / "temproots/12346";
  write_file(living, shown(path("a")) + '\0' + shown(path("b")) + '\0' + "/nix/store/trunc");
  write_file(stale, shown(path("c")) + '\0');
  write_file(state() / "temproots/.keep", "");
  const FileDescriptor lock = open_file(living, O_RDWR);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  EXPECT_EQ(paths_of(read_temporary_roots(location(), false)), (std::set{path("a"), path("b")}));
  EXPECT_TRUE(fs::exists(stale));
  EXPECT_EQ(paths_of(read_temporary_roots(location(), true)), (std::set{path("a"), path("b")}));
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists(living));
}

TEST_F(GcRootsTest, WhatAProcessWroteLastIsKnown) {
  const auto written = [&](long process, const StorePath& root) {
    return has_written_root(location(), process, shown(root));
  };
  EXPECT_TRUE(written(7, path("a")));  // no file: it writes nothing
  write_file(state() / "temproots/7", shown(path("a")) + '\0' + shown(path("b")));
  EXPECT_FALSE(written(7, path("a")));
  EXPECT_FALSE(written(7, path("b")));  // not all of it yet
  write_file(state() / "temproots/7", shown(path("a")) + '\0' + shown(path("b")) + '\0');
  EXPECT_FALSE(written(7, path("a")));
  EXPECT_TRUE(written(7, path("b")));
  const auto second = std::to_string(7 + 2 * kTemporaryRootsStride);
  write_file(state() / "temproots" / second, shown(path("c")) + '\0');
  EXPECT_TRUE(written(7, path("c")));
  EXPECT_FALSE(written(7, path("d")));
}

TEST_F(GcRootsTest, OurOwnTemporaryRootsCount) {
  store().add_temporary_roots({path("a"), path("b")});
  EXPECT_EQ(paths_of(read_temporary_roots(location(), true)), (std::set{path("a"), path("b")}));
}

TEST_F(GcRootsTest, WhatProcessesUseIsARoot) {
  const auto proc = directory() / "proc";
  fs::create_directories(proc / "42/fd");
  fs::create_symlink(shown(path("exe")) + "/bin/x", proc / "42/exe");
  fs::create_symlink(location().real_store / path("cwd").base_name(), proc / "42/cwd");
  fs::create_symlink(shown(path("fd")), proc / "42/fd/3");
  fs::create_symlink("socket:[1]", proc / "42/fd/4");
  write_file(proc / "42/environ", "PATH=" + shown(path("one")) + "/bin:" + shown(path("two")) +
                                      "/bin" + '\0' + "X=/nix/store/nothing" + '\0');
  write_file(proc / "42/maps", "7f r-xp 0 0:0 0  " + shown(path("lib")) + "/lib/libc.so\n");
  fs::create_directories(proc / "self");
  fs::create_symlink(shown(path("no")), proc / "self/exe");
  EXPECT_EQ(
      paths_of(find_runtime_roots(location(), proc)),
      (std::set{path("exe"), path("cwd"), path("fd"), path("one"), path("two"), path("lib")}));
  EXPECT_TRUE(find_runtime_roots(location(), directory() / "none").empty());
}

}  // namespace
}  // namespace grange
