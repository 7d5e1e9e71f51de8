#include "http/http_body.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace grange {
namespace {

TEST(FileGlanceTest, SeesWhatIsInMemory) {
  const TemporaryDirectory temporary;
  const auto path = temporary.path() / "file";
  write_file(path, "content");
  const auto known = FileBody::open(path);
  const auto seen = FileBody::glance(path);
  if (seen.state == FileGlance::State::unknown) {
    GTEST_SKIP() << "this kernel or file system says nothing without waiting";
  }
  ASSERT_EQ(seen.state, FileGlance::State::there);
  EXPECT_EQ(seen.body.length, 7U);
  EXPECT_EQ(seen.body.version, known.version);
  EXPECT_EQ(seen.body.text_at_hand().value_or("content"), "content");
  EXPECT_NE(FileBody::glance(temporary.path() / "none").state, FileGlance::State::there);
  EXPECT_NE(FileBody::glance(temporary.path()).state, FileGlance::State::there);
  ASSERT_EQ(::mkfifo((temporary.path() / "fifo").c_str(), 0600), 0);
  EXPECT_NE(FileBody::glance(temporary.path() / "fifo").state, FileGlance::State::there);
}

TEST(FileGlanceTest, TellsContentsApart) {
  const TemporaryDirectory temporary;
  const auto path = temporary.path() / "file";
  write_file(path, "content");
  const auto before = FileBody::open(path).version;
  write_file(path, "context");
  EXPECT_NE(FileBody::open(path).version, before);
}

}  // namespace
}  // namespace grange
