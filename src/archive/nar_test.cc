#include "archive/nar.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/nar_format.h"
#include "archive/tree_copy.h"
#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

/// The directory of the worked example in nix-store.md §2.4.
void make_worked_example(const fs::path& directory) {
  fs::create_directories(directory / "b");
  write_file(directory / "empty", "");
  write_file(directory / "B", "");
  write_file(directory / "a", "x");
  fs::create_symlink("../a", directory / "b/l");
  write_file(directory / "b/run", "#!", Durability::atomic, 0755);
}

std::string dump(const fs::path& path) {
  StringSink sink;
  dump_nar(path, sink);
  return sink.take();
}

/// A source that gives at most `piece` bytes at a time.
class SmallPieces final : public Source {
 public:
  SmallPieces(std::string_view text, std::size_t piece) : source_(text), piece_(piece) {}
  std::size_t read(char* buffer, std::size_t size) override {
    return source_.read(buffer, std::min(size, piece_));
  }

 private:
  StringSource source_;
  std::size_t piece_;
};

TEST(NarTest, DumpsTheWorkedExample) {
  const TemporaryDirectory temporary;
  make_worked_example(temporary.path() / "d");
  const std::string nar = dump(temporary.path() / "d");
  EXPECT_EQ(nar.size(), 1240U);
  EXPECT_EQ(hash_bytes(HashAlgorithm::sha256, nar).digits(HashFormat::base16),
            "84ee586c839a40802649052ca0b647faff65911c252c83f338227bfeddd2d700");
  const NarDigest digest = hash_nar(temporary.path() / "d/");
  EXPECT_EQ(digest.size, 1240U);
  EXPECT_EQ(digest.hash, hash_bytes(HashAlgorithm::sha256, nar));
}

TEST(NarTest, DumpsAPlainFile) {
  const TemporaryDirectory temporary;
  write_file(temporary.path() / "f", "hello");
  const std::string nar = dump(temporary.path() / "f");
  EXPECT_EQ(nar.size(), 120U);
  EXPECT_EQ(nar.substr(96, 5), "hello");
  EXPECT_EQ(hash_bytes(HashAlgorithm::sha256, nar).digits(HashFormat::base16),
            "0a430879c266f8b57f4092a0f935cf3facd48bbccde5760d4748ca405171e969");
}

TEST(NarTest, RestoresWhatItDumps) {
  const TemporaryDirectory temporary;
  const fs::path original = temporary.path() / "d";
  make_worked_example(original);
  std::string large(1'000'003, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 5);
  fs::create_directory(original / "c");
  write_file(original / "c/large", large);
  const std::string nar = dump(original);
  for (const std::size_t piece : {1U, 7U, 4096U, 1U << 20}) {
    const fs::path copy = temporary.path() / ("copy" + std::to_string(piece));
    SmallPieces source(nar, piece);
    restore_nar(copy, source);
    EXPECT_EQ(dump(copy), nar) << piece;
    StringSink copied;
    SmallPieces again(nar, piece);
    copy_nar(again, copied);
    EXPECT_EQ(copied.text(), nar) << piece;
  }
  EXPECT_EQ(fs::read_symlink(temporary.path() / "copy1/b/l"), "../a");
  EXPECT_EQ(hash_nar(original).hash, hash_bytes(HashAlgorithm::sha256, nar));
}

TEST(NarTest, CopiesATreeInOneReading) {
  const TemporaryDirectory temporary;
  make_worked_example(temporary.path() / "d");
  const NarDigest digest = copy_tree(temporary.path() / "d", temporary.path() / "copy");
  EXPECT_EQ(digest.hash, hash_nar(temporary.path() / "copy").hash);
  EXPECT_EQ(digest.size, 1240U);
  EXPECT_EQ(dump(temporary.path() / "copy"), dump(temporary.path() / "d"));
  EXPECT_THROW(copy_tree(temporary.path() / "d", temporary.path() / "copy"), ConflictError);
  EXPECT_TRUE(fs::exists(temporary.path() / "copy/b/run"));
}

TEST(NarTest, StopsExactlyBehindTheArchive) {
  const TemporaryDirectory temporary;
  make_worked_example(temporary.path() / "d");
  const std::string nar = dump(temporary.path() / "d");
  const std::string stream = nar + nar + "rest";
  StringSource source(stream);
  restore_nar(temporary.path() / "one", source);
  restore_nar(temporary.path() / "two", source);
  EXPECT_EQ(read_all(source, 100), "rest");
}

TEST(NarTest, OverlappedHashingReportsErrorsOfBothSides) {
  const TemporaryDirectory temporary;
  fs::create_directory(temporary.path() / "d");
  write_file(temporary.path() / "d/a", std::string(3'000'000, 'a'));
  ASSERT_EQ(::mkfifo((temporary.path() / "d/pipe").c_str(), 0600), 0);
  EXPECT_THROW(hash_nar(temporary.path() / "d"), InvalidError);
  EXPECT_THROW(hash_nar(temporary.path() / "none"), NotFoundError);
}

TEST(NarTest, RefusesWhatANarCannotHold) {
  const TemporaryDirectory temporary;
  fs::path deep = temporary.path() / "deep";
  fs::create_directory(deep);
  for (std::size_t depth = 1; depth < kNarMaxDepth; ++depth) {
    deep /= "d";
    fs::create_directory(deep);
  }
  const std::string nar = dump(temporary.path() / "deep");  // 64 levels: just allowed
  StringSource source(nar);
  restore_nar(temporary.path() / "copy", source);
  fs::create_directory(deep / "d");
  EXPECT_THROW(dump(temporary.path() / "deep"), InvalidError);
  EXPECT_THROW(dump("/dev/null"), InvalidError);
}

TEST(NarTest, LeavesNothingBehindWhenItFails) {
  const TemporaryDirectory temporary;
  make_worked_example(temporary.path() / "d");
  const std::string nar = dump(temporary.path() / "d");
  for (std::size_t size = 0; size < nar.size(); size += 8) {
    StringSource source(std::string_view(nar).substr(0, size));
    EXPECT_THROW(restore_nar(temporary.path() / "copy", source), CorruptError) << size;
    ASSERT_FALSE(fs::exists(fs::symlink_status(temporary.path() / "copy"))) << size;
  }
}

TEST(NarTest, NeverTouchesWhatIsAtTheDestination) {
  const TemporaryDirectory temporary;
  make_worked_example(temporary.path() / "d");
  const std::string nar = dump(temporary.path() / "d");
  fs::create_directory(temporary.path() / "outside");
  fs::create_symlink(temporary.path() / "outside", temporary.path() / "link");
  for (const char* name : {"outside", "link", "d/a"}) {
    StringSource source(nar);
    EXPECT_THROW(restore_nar(temporary.path() / name, source), ConflictError) << name;
  }
  EXPECT_TRUE(fs::is_empty(temporary.path() / "outside"));
  StringSource source(nar);
  EXPECT_THROW(restore_nar(temporary.path() / "none/here", source), NotFoundError);
}

}  // namespace
}  // namespace grange
