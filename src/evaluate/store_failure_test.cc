#include "evaluate/store_failure.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

TEST(StoreFailure, TellsKindsApart) {
  EXPECT_THROW(throw_if_store_failed("writing to file: No space left on device", "/e"),
               UnavailableError);
  EXPECT_THROW(throw_if_store_failed("executing SQLite statement: database or disk is full", "/e"),
               UnavailableError);
  EXPECT_THROW(throw_if_store_failed("opening file '/e/x': Read-only file system", "/e"),
               DeniedError);
  EXPECT_THROW(throw_if_store_failed("SQLite: database disk image is malformed", "/e"),
               CorruptError);
  EXPECT_NO_THROW(throw_if_store_failed("attribute 'space' missing", "/e"));
}

TEST(StoreFailure, SeesWhatItCannotWrite) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
  const TemporaryDirectory directory;
  EXPECT_NO_THROW(check_store_writable(directory.path()));
  EXPECT_NO_THROW(check_store_writable(directory.path() / "not-there-yet"));
  grange::create_directories(directory.path() / "nix/store", 0755);
  ASSERT_EQ(::chmod((directory.path() / "nix/store").c_str(), 0555), 0);
  EXPECT_THROW(check_store_writable(directory.path()), DeniedError);
}

}  // namespace
}  // namespace grange
