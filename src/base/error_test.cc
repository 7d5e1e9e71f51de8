#include "base/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(ErrorTest, GathersContextsInnermostFirst) {
  try {
    with_context([] { return "while copying"; },
                 [] {
                   with_context([] { return "while reading 'a'"; },
                                [] { throw InvalidError("bad byte"); });
                 });
    FAIL();
  } catch (const InvalidError& error) {  // still the same type
    EXPECT_STREQ(error.what(), "bad byte (while reading 'a'; while copying)");
    EXPECT_EQ(error.message(), "bad byte");
    EXPECT_EQ(error.contexts().size(), 2U);
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
  }
}

TEST(ErrorTest, ContextCostsNothingWithoutAnError) {
  bool described = false;
  const int value = with_context(
      [&] {
        described = true;
        return "";
      },
      [] { return 7; });
  EXPECT_EQ(value, 7);
  EXPECT_FALSE(described);
}

TEST(ErrorTest, SystemErrorsTellTheirKind) {
  const auto kind = [](int code) { return SystemError(code, "x").kind(); };
  EXPECT_EQ(kind(ENOSPC), ErrorKind::unavailable);
  EXPECT_EQ(kind(EROFS), ErrorKind::denied);
  EXPECT_EQ(kind(EACCES), ErrorKind::denied);
  EXPECT_EQ(kind(EIO), ErrorKind::system);
  errno = ENOENT;
  try {
    throw_errno("opening", "/x");
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "opening '/x': No such file or directory");
    EXPECT_EQ(error.code(), ENOENT);
  }
}

}  // namespace
}  // namespace grange
