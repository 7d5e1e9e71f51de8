#include "base/file.h"

#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

TEST(FileTest, ReadsWhatItWrites) {
  const TemporaryDirectory temporary;
  const fs::path file = temporary.path() / "file";
  for (const auto durability : {Durability::atomic, Durability::synced}) {
    const std::string content(100'000, durability == Durability::atomic ? 'a' : 's');
    write_file(file, content, durability, 0600);
    EXPECT_EQ(read_file(file), content);
  }
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(temporary.path()), {}), 1);
}

TEST(FileTest, ReadsFilesThatHaveNoSize) {
  EXPECT_FALSE(read_file("/proc/self/status").empty());
}

TEST(FileTest, AFileOfAProcessThatEndedIsNotThere) {
  // Its parent has it open when it ends: what a read of /proc meets whenever it is too late.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const FileDescriptor stat = open_file("/proc/" + std::to_string(child) + "/stat", O_RDONLY);
  const auto opened = "/proc/self/fd/" + std::to_string(stat.get());
  EXPECT_TRUE(try_read_file(opened));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(try_read_file(opened), std::nullopt);
  EXPECT_THROW(read_file(opened), NotFoundError);
}

TEST(FileTest, SaysWhichFileAndWhy) {
  const TemporaryDirectory temporary;
  const fs::path file = temporary.path() / "file";
  try {
    read_file(file);
    FAIL();
  } catch (const NotFoundError& error) {
    EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos);
  }
  EXPECT_EQ(try_read_file(file), std::nullopt);
  write_file(file, "12345");
  EXPECT_EQ(read_file(file, 5), "12345");
  EXPECT_THROW(read_file(file, 4), CorruptError);
  EXPECT_THROW(write_file(temporary.path() / "none/file", "x"), NotFoundError);
  EXPECT_THROW(write_file(temporary.path(), "x"), SystemError);
  EXPECT_THROW(read_file(temporary.path()), SystemError);
}

TEST(FileTest, DescriptorsCloseOnExecAndOnce) {
  auto [reader, writer] = make_pipe();
  EXPECT_NE(::fcntl(reader.get(), F_GETFD) & FD_CLOEXEC, 0);
  const int number = writer.get();
  FileDescriptor moved = std::move(writer);
  EXPECT_EQ(moved.get(), number);
  moved = FileDescriptor();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(FileTest, CreatesDirectoriesAndRefusesFilesInTheWay) {
  const TemporaryDirectory temporary;
  grange::create_directories(temporary.path() / "a/b/c");
  grange::create_directories(temporary.path() / "a/b/c/");
  EXPECT_TRUE(fs::is_directory(temporary.path() / "a/b/c"));
  write_file(temporary.path() / "file", "");
  EXPECT_THROW(grange::create_directories(temporary.path() / "file"), SystemError);
  EXPECT_THROW(grange::create_directories(temporary.path() / "file/below"), SystemError);
}

TEST(FileTest, RemovesTreesWhateverTheirModes) {
  const TemporaryDirectory temporary;
  const fs::path tree = temporary.path() / "tree";
  grange::create_directories(tree / "locked/inner");
  write_file(tree / "locked/inner/file", "12345");
  write_file(temporary.path() / "outside", "kept");
  fs::create_symlink(temporary.path() / "outside", tree / "link");
  fs::create_symlink(temporary.path(), tree / "up");
  fs::permissions(tree / "locked/inner", fs::perms::none);
  fs::permissions(tree / "locked", fs::perms::none);
  EXPECT_EQ(remove_tree(tree), 5U);
  EXPECT_FALSE(fs::exists(tree));
  EXPECT_EQ(read_file(temporary.path() / "outside"), "kept");
  EXPECT_EQ(remove_tree(tree), 0U);
}

TEST(FileTest, RemovesTreesOfAnyDepth) {
  const TemporaryDirectory temporary;
  FileDescriptor at = open_file(temporary.path(), O_RDONLY | O_DIRECTORY);
  for (int depth = 0; depth < 3000; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), "d", 0700), 0);
    ASSERT_EQ(::mkdirat(at.get(), ".grange-removing-1", 0700), 0);
    at = FileDescriptor(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(at);
  }
  at.reset();
  remove_tree(temporary.path() / "d");
  EXPECT_FALSE(fs::exists(temporary.path() / "d"));
}

TEST(FileTest, RemovesAnEntryAndTellsWhatWasShared) {
  const TemporaryDirectory temporary;
  const fs::path tree = temporary.path() / "tree";
  grange::create_directories(tree);
  write_file(tree / "own", "1234567");
  write_file(tree / "shared", "123");
  fs::create_hard_link(tree / "shared", temporary.path() / "other");
  fs::permissions(tree, fs::perms::owner_read | fs::perms::owner_exec);
  const FileDescriptor directory = open_file(temporary.path(), O_RDONLY | O_DIRECTORY);
  const RemovedBytes bytes = remove_tree_at(directory.get(), "tree", tree.string());
  EXPECT_EQ(bytes.freed, 7U);
  EXPECT_EQ(bytes.linked, 3U);
  EXPECT_FALSE(fs::exists(tree));
  EXPECT_EQ(read_file(temporary.path() / "other"), "123");
}

TEST(FileTest, TemporaryDirectoriesVanishUnlessKept) {
  fs::path gone;
  fs::path kept;
  {
    TemporaryDirectory one;
    TemporaryDirectory two(one.path(), "name");
    EXPECT_TRUE(two.path().filename().string().starts_with("name-"));
    gone = one.path();
    TemporaryDirectory three;
    kept = three.keep();
  }
  EXPECT_FALSE(fs::exists(gone));
  EXPECT_TRUE(fs::exists(kept));
  remove_tree(kept);
}

}  // namespace
}  // namespace grange
