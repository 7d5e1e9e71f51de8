#include "archive/unpack_archive.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

/// Writes archives that no honest program would.
class ArchiveWriter {
 public:
  explicit ArchiveWriter(const std::filesystem::path& file,
                         int (*format)(::archive*) = ::archive_write_set_format_pax_restricted,
                         int (*filter)(::archive*) = ::archive_write_add_filter_gzip)
      : writer_(::archive_write_new()) {
    EXPECT_EQ(filter(writer_), ARCHIVE_OK);
    EXPECT_EQ(format(writer_), ARCHIVE_OK);
    EXPECT_EQ(::archive_write_open_filename(writer_, file.c_str()), ARCHIVE_OK);
  }
  ~ArchiveWriter() { ::archive_write_free(writer_); }

  ArchiveWriter& file(const std::string& name, const std::string& content, mode_t mode = 0644) {
    return add(name, AE_IFREG, content, mode, [](archive_entry*) {});
  }
  ArchiveWriter& directory(const std::string& name, mode_t mode = 0755) {
    return add(name, AE_IFDIR, "", mode, [](archive_entry*) {});
  }
  ArchiveWriter& symlink(const std::string& name, const std::string& target) {
    return add(name, AE_IFLNK, "", 0777,
               [&](archive_entry* entry) { ::archive_entry_set_symlink(entry, target.c_str()); });
  }
  ArchiveWriter& link(const std::string& name, const std::string& target) {
    return add(name, AE_IFREG, "", 0644,
               [&](archive_entry* entry) { ::archive_entry_set_hardlink(entry, target.c_str()); });
  }
  ArchiveWriter& pipe(const std::string& name) {
    return add(name, AE_IFIFO, "", 0644, [](archive_entry*) {});
  }

 private:
  ArchiveWriter& add(const std::string& name, unsigned type, const std::string& content,
                     mode_t mode, const std::function<void(archive_entry*)>& change) {
    auto* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, type);
    ::archive_entry_set_perm(entry, mode);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    change(entry);
    EXPECT_GE(::archive_write_header(writer_, entry), ARCHIVE_WARN)
        << ::archive_error_string(writer_);
    if (!content.empty()) ::archive_write_data(writer_, content.data(), content.size());
    ::archive_entry_free(entry);
    return *this;
  }

  ::archive* writer_;
};

class UnpackTest : public testing::Test {
 protected:
  std::filesystem::path archive_file() const { return directory_.path() / "archive"; }
  std::filesystem::path to() const { return directory_.path() / "to"; }
  std::filesystem::path outside() const { return directory_.path() / "outside"; }

  std::set<std::string> unpack() {
    remove_tree(to());
    std::filesystem::create_directory(to());
    const auto file = open_file(archive_file(), O_RDONLY);
    return unpack_archive(file.get(), to(), limits_, {[](const std::string&) {}, [] {}});
  }

  std::string refused() {
    try {
      unpack();
    } catch (const InvalidError& error) {
      return error.what();
    }
    return "no error";
  }

  mode_t mode(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(::lstat((to() / name).c_str(), &status), 0) << name;
    return status.st_mode & 07777;
  }

  UnpackLimits limits_;
  TemporaryDirectory directory_;
};

TEST_F(UnpackTest, Trees) {
  ArchiveWriter(archive_file())
      .directory("./top/")
      .file("./top/file", "hello")
      .file("top/run", "#!", 06755)
      .file("top/deep/er/file", "x")
      .symlink("top/link", "../../outside")
      .link("top/same", "top/file")
      .link("top/same-link", "./top/link")
      .directory("top/closed", 0)
      .file("top/closed/in", "y");
  EXPECT_EQ(unpack(), std::set<std::string>{"top"});
  EXPECT_EQ(read_file(to() / "top/file"), "hello");
  EXPECT_EQ(read_file(to() / "top/same"), "hello");
  EXPECT_EQ(read_file(to() / "top/deep/er/file"), "x");
  EXPECT_EQ(read_file(to() / "top/closed/in"), "y");
  EXPECT_EQ(mode("top/file"), 0644U);
  EXPECT_EQ(mode("top/run"), 0755U);
  EXPECT_EQ(std::filesystem::read_symlink(to() / "top/link"), "../../outside");
  EXPECT_EQ(std::filesystem::read_symlink(to() / "top/same-link"), "../../outside");
}

TEST_F(UnpackTest, KindsAndCompressions) {
  const std::vector<std::pair<int (*)(::archive*), int (*)(::archive*)>> kinds = {
      {::archive_write_set_format_ustar, ::archive_write_add_filter_none},
      {::archive_write_set_format_gnutar, ::archive_write_add_filter_bzip2},
      {::archive_write_set_format_pax, ::archive_write_add_filter_xz},
      {::archive_write_set_format_pax, ::archive_write_add_filter_zstd},
      {::archive_write_set_format_pax, ::archive_write_add_filter_lzma},
      {::archive_write_set_format_pax, ::archive_write_add_filter_lz4},
      {::archive_write_set_format_pax, ::archive_write_add_filter_compress},
      {::archive_write_set_format_zip, ::archive_write_add_filter_none},
      {::archive_write_set_format_cpio_newc, ::archive_write_add_filter_gzip}};
  for (const auto& [format, filter] : kinds) {
    ArchiveWriter(archive_file(), format, filter).file("a/b", "content", 0755);
    EXPECT_EQ(unpack(), std::set<std::string>{"a"});
    EXPECT_EQ(read_file(to() / "a/b"), "content");
    EXPECT_EQ(mode("a/b"), 0755U);
  }
}

TEST_F(UnpackTest, NothingLeavesTheDirectory) {
  write_file(outside(), "untouched");
  ArchiveWriter(archive_file()).file("a/../../outside", "x");
  EXPECT_NE(refused().find("leads upwards"), std::string::npos);
  ArchiveWriter(archive_file()).symlink("b", directory_.path().string()).file("b/outside", "x");
  EXPECT_NE(refused().find("is no directory"), std::string::npos);
  ArchiveWriter(archive_file()).symlink("c", outside().string()).directory("c").file("c/x", "");
  EXPECT_EQ(refused(), "no error") << "the directory takes the place of the symlink";
  ArchiveWriter(archive_file()).link("d", "../outside");
  EXPECT_NE(refused(), "no error");
  ArchiveWriter(archive_file()).link("e", outside().string());
  EXPECT_NE(refused().find("no file of it"), std::string::npos);
  EXPECT_EQ(read_file(outside()), "untouched");
  // A file in the place of a symlink replaces it; a leading slash means nothing.
  ArchiveWriter(archive_file()).symlink("f", outside().string()).file("/f", "inside");
  EXPECT_TRUE(unpack().contains("f"));
  EXPECT_EQ(read_file(to() / "f"), "inside");
  EXPECT_EQ(read_file(outside()), "untouched");
}

TEST_F(UnpackTest, WhatAStoreCannotHold) {
  ArchiveWriter(archive_file()).pipe("pipe");
  EXPECT_NE(refused().find("neither a file"), std::string::npos);
  ArchiveWriter(archive_file()).file("a/b", "x").file("a", "x");
  EXPECT_NE(refused().find("a directory and something else"), std::string::npos);
  ArchiveWriter(archive_file()).file("a", "x").link("a", "a");
  EXPECT_NE(refused().find("a link to itself"), std::string::npos);
  ArchiveWriter(archive_file()).directory("a").file("a", "x");
  EXPECT_EQ(refused(), "no error") << "an empty directory may be replaced";
  ArchiveWriter(archive_file()).file(std::string(300, 'n'), "x");
  EXPECT_NE(refused().find("too long"), std::string::npos);
}

TEST_F(UnpackTest, Limits) {
  limits_.max_bytes = 1000;
  ArchiveWriter(archive_file()).file("a", std::string(600, 'x')).file("b", std::string(600, 'x'));
  EXPECT_NE(refused().find("more than 1000 bytes"), std::string::npos);
  limits_ = {};
  limits_.max_entries = 2;
  ArchiveWriter(archive_file()).file("a", "").file("b", "").file("c", "");
  EXPECT_NE(refused().find("more than 2 entries"), std::string::npos);
}

TEST_F(UnpackTest, WhatIsNoArchive) {
  write_file(archive_file(), "this is no archive at all");
  EXPECT_NE(refused().find("cannot read the archive"), std::string::npos);
  ArchiveWriter(archive_file()).file("a", std::string(100000, 'x'));
  const auto whole = read_file(archive_file());
  write_file(archive_file(), whole.substr(0, whole.size() / 2));
  EXPECT_NE(refused(), "no error");
}

TEST_F(UnpackTest, CanBeStopped) {
  ArchiveWriter(archive_file()).file("a", "x");
  const auto file = open_file(archive_file(), O_RDONLY);
  const UnpackHooks hooks{[](const std::string&) {}, [] { throw CancelledError("stopped"); }};
  std::filesystem::create_directory(to());
  EXPECT_THROW(unpack_archive(file.get(), to(), limits_, hooks), CancelledError);
}

}  // namespace
}  // namespace grange
