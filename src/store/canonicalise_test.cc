#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/file.h"
#include "store/local_store.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class CanonicaliseTest : public testing::Test {
 protected:
  CanonicaliseTest() { fs::create_directory(tree()); }
  fs::path tree() const { return temporary_.path() / "tree"; }
  static struct stat look(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status;
  }
  static void expect_canonical(const fs::path& path, mode_t mode) {
    const struct stat status = look(path);
    EXPECT_EQ(status.st_mode & 07777, mode) << path;
    EXPECT_EQ(status.st_mtim.tv_sec, 1) << path;
    EXPECT_EQ(status.st_mtim.tv_nsec, 0) << path;
    EXPECT_EQ(status.st_uid, ::geteuid()) << path;
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(CanonicaliseTest, SetsModesTimesAndOwner) {
  write_file(tree() / "plain", "x", Durability::atomic, 0600);
  write_file(tree() / "program", "x", Durability::atomic, 0700);
  write_file(tree() / "locked", "x");
  write_file(tree() / "group-only", "x");
  fs::create_directories(tree() / "closed/inner");
  fs::create_symlink("plain", tree() / "link");
  fs::create_symlink("/does/not/exist", tree() / "dangling");
  const Hash before = hash_nar(tree()).hash;
  ::chmod((tree() / "program").c_str(), 04755);
  ::chmod((tree() / "locked").c_str(), 0000);
  ::chmod((tree() / "group-only").c_str(), 0010);
  ::chmod((tree() / "closed").c_str(), 0000);
  ::chmod(tree().c_str(), 01777);
  canonicalise_tree(tree(), std::nullopt);
  expect_canonical(tree(), 0555);
  expect_canonical(tree() / "plain", 0444);
  expect_canonical(tree() / "program", 0555);
  expect_canonical(tree() / "locked", 0444);
  expect_canonical(tree() / "group-only", 0444);
  expect_canonical(tree() / "closed", 0555);
  expect_canonical(tree() / "closed/inner", 0555);
  expect_canonical(tree() / "link", 0777);
  expect_canonical(tree() / "dangling", 0777);
  EXPECT_EQ(hash_nar(tree()).hash, before);
  canonicalise_tree(tree(), std::nullopt);
  expect_canonical(tree(), 0555);
}

TEST_F(CanonicaliseTest, DropsExtendedAttributes) {
  write_file(tree() / "file", "x");
  if (::setxattr(tree().c_str(), "user.note", "1", 1, 0) != 0) {
    GTEST_SKIP() << "the temporary directory's file system has no extended attributes";
  }
  ASSERT_EQ(::setxattr((tree() / "file").c_str(), "user.note", "1", 1, 0), 0);
  ::chmod((tree() / "file").c_str(), 0444);
  canonicalise_tree(tree(), std::nullopt);
  EXPECT_EQ(::listxattr(tree().c_str(), nullptr, 0), 0);
  EXPECT_EQ(::listxattr((tree() / "file").c_str(), nullptr, 0), 0);
  expect_canonical(tree() / "file", 0444);
  expect_canonical(tree(), 0555);
}

TEST_F(CanonicaliseTest, RefusesWhatAStoreCannotHold) {
  ASSERT_EQ(::mkfifo((tree() / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(canonicalise_tree(tree(), std::nullopt), InvalidError);
  EXPECT_THROW(canonicalise_tree(tree() / "none", std::nullopt), NotFoundError);
}

TEST_F(CanonicaliseTest, RefusesSuspiciousOwnership) {
  write_file(tree() / "file", "x");
  const uid_t own = ::geteuid();
  EXPECT_THROW(canonicalise_tree(tree(), own + 1), InvalidError);
  ::chmod(tree().c_str(), 0775);
  EXPECT_THROW(canonicalise_tree(tree(), own), InvalidError);
  ::chmod(tree().c_str(), 0755);
  canonicalise_tree(tree(), own);
  expect_canonical(tree() / "file", 0444);
}

TEST_F(CanonicaliseTest, TakesOverABuildersFiles) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can take over another user's files";
  constexpr uid_t kBuilder = 30'001;
  write_file(tree() / "file", "x");
  fs::create_hard_link(tree() / "file", tree() / "same");
  fs::create_symlink("file", tree() / "link");
  for (const char* name : {"", "file", "link"}) {
    ASSERT_EQ(::lchown((tree() / name).c_str(), kBuilder, kBuilder), 0);
  }
  CanonicalFiles seen;
  canonicalise_tree(tree(), kBuilder, seen);
  for (const char* name : {"file", "same"}) expect_canonical(tree() / name, 0444);
  expect_canonical(tree() / "link", 0777);

  // Another output with a further name of the same file: known, so accepted.
  const fs::path other = tree().parent_path() / "other";
  fs::create_directory(other);
  fs::create_hard_link(tree() / "file", other / "again");
  ASSERT_EQ(::lchown(other.c_str(), kBuilder, kBuilder), 0);
  CanonicalFiles none;
  EXPECT_THROW(canonicalise_tree(other, kBuilder, none), InvalidError);
  ASSERT_EQ(::lchown(other.c_str(), kBuilder, kBuilder), 0);
  ::chmod(other.c_str(), 0755);
  canonicalise_tree(other, kBuilder, seen);
  expect_canonical(other, 0555);
}

TEST_F(CanonicaliseTest, MovesCanonicalTrees) {
  write_file(tree() / "file", "x");
  canonicalise_tree(tree(), std::nullopt);
  const fs::path there = tree().parent_path() / "there";
  fs::create_directory(there);
  move_canonical_tree(tree(), there / "tree");
  expect_canonical(there / "tree", 0555);
  expect_canonical(there / "tree/file", 0444);
}

}  // namespace
}  // namespace grange
