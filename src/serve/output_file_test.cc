#include "serve/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

class OutputFileTest : public testing::Test {
 protected:
  OutputFileTest() {
    grange::create_directories(output_ / "share/doc");
    write_file(directory_.path() / "secret", "not for you");
    write_file(output_ / "share/doc/index.html", "<p>");
    link("doc/index.html", "share/inside");
    link("../share/doc", "share/round");
    link("/etc/passwd", "absolute");
    link("../secret", "outside");
    link("..", "up");
    link("loop", "loop");
    ::mkfifo((output_ / "fifo").c_str(), 0600);
  }

  void link(const char* target, const char* name) {
    std::filesystem::create_symlink(target, output_ / name);
  }

  TemporaryDirectory directory_;
  std::filesystem::path output_ = directory_.path() / "output";
};

TEST_F(OutputFileTest, IsFoundWithinTheOutput) {
  EXPECT_EQ(open_output_file(output_, "share/doc/index.html").body.value().length, 3U);
  EXPECT_EQ(open_output_file(output_, "share/doc//index.html").body.value().length, 3U);
  EXPECT_FALSE(open_output_file(output_, "").body);
  EXPECT_FALSE(open_output_file(output_, "share/doc/").body);
  EXPECT_EQ(open_output_file(directory_.path() / "secret", "").body.value().length, 11U);
  // Kernels before 5.6 follow no symlink at all.
  try {
    EXPECT_EQ(open_output_file(output_, "share/inside").body.value().length, 3U);
    EXPECT_FALSE(open_output_file(output_, "share/round").body);
  } catch (const NotFoundError&) {
    GTEST_SKIP() << "this system does not follow symlinks within a directory";
  }
}

TEST_F(OutputFileTest, LeadsNowhereElse) {
  for (const char* path :
       {"nothing", "share/doc/index.html/x", "absolute", "outside", "up", "up/secret", "loop",
        "fifo", "..", "../secret", "share/../../secret", "/etc/passwd", "share/doc/../../../secret",
        "up/output/share/doc/index.html"}) {
    EXPECT_THROW(open_output_file(output_, path), NotFoundError) << path;
  }
  EXPECT_THROW(open_output_file(output_, std::string_view("a\0b", 3)), NotFoundError);
  EXPECT_THROW(open_output_file(output_, std::string(5000, 'x')), NotFoundError);
  EXPECT_THROW(open_output_file(output_ / "absolute", ""), NotFoundError);
  EXPECT_THROW(open_output_file(directory_.path() / "nothing", ""), NotFoundError);
}

TEST(MediaTypeOfName, IsToldByTheEnding) {
  EXPECT_EQ(media_type_of_name("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type_of_name("a.tar.gz"), "application/octet-stream");
  EXPECT_EQ(media_type_of_name("html"), "application/octet-stream");
  EXPECT_EQ(media_type_of_name(""), "application/octet-stream");
}

}  // namespace
}  // namespace grange
