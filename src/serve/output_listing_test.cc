#include "serve/output_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

using testing::ElementsAre;

class OutputListingTest : public testing::Test {
 protected:
  OutputListingTest() {
    grange::create_directories(output_ / "share/doc/deep");
    write_file(output_ / "share/doc/index.html", "<p>");
    write_file(output_ / "share/doc/deep/file", "12345");
    write_file(output_ / "run", "#!", Durability::atomic, 0755);
    std::filesystem::create_symlink("/etc/passwd", output_ / "away");
    std::filesystem::create_symlink("..", output_ / "up");
    write_file(directory_.path() / "secret", "not for you");
  }

  std::vector<std::string> paths(std::string_view relative, std::size_t most, std::size_t deepest) {
    std::vector<std::string> list;
    for (const auto& entry : list_output(output_, relative, most, deepest).entries) {
      list.push_back(entry.path);
    }
    return list;
  }

  TemporaryDirectory directory_;
  std::filesystem::path output_ = directory_.path() / "output";
};

TEST_F(OutputListingTest, IsATreeByName) {
  EXPECT_THAT(paths("", 100, 9), ElementsAre("away", "run", "share", "share/doc", "share/doc/deep",
                                             "share/doc/deep/file", "share/doc/index.html", "up"));
  EXPECT_THAT(paths("share/doc", 100, 9), ElementsAre("deep", "deep/file", "index.html"));
  const auto entries = list_output(output_, "", 100, 9).entries;
  EXPECT_EQ(entries[0].target, "/etc/passwd");
  EXPECT_TRUE(entries[1].executable);
  EXPECT_EQ(entries[5].size, 5U);
  EXPECT_EQ(entries[5].depth, 3U);
  EXPECT_TRUE(entries[4].is_listed);
  EXPECT_EQ(entries[7].type, ListedEntry::Type::symlink);  // and not gone into
}

TEST_F(OutputListingTest, WhatDoesNotFitStaysClosed) {
  EXPECT_THAT(paths("", 5, 9), ElementsAre("away", "run", "share", "share/doc", "up"));
  EXPECT_THAT(paths("", 100, 1), ElementsAre("away", "run", "share", "share/doc", "up"));
  EXPECT_FALSE(list_output(output_, "", 4, 9).cut);
  const auto few = list_output(output_, "", 2, 9);
  EXPECT_EQ(few.entries.size(), 2U);
  EXPECT_TRUE(few.cut);
}

TEST_F(OutputListingTest, LeadsNowhereElse) {
  for (const char* path : {"up", "..", "../secret", "run", "nothing", "away", "/"}) {
    EXPECT_THROW(list_output(output_, path, 10, 1), NotFoundError) << path;
  }
}

}  // namespace
}  // namespace grange
