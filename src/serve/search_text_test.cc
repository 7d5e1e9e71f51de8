#include "serve/search_text.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

const std::string kDigest = "0123456789abcdfghijklmnpqrsvwxyz";

SearchText parse(const std::string& text) {
  return SearchText::parse(text, "/nix/store");
}

TEST(SearchTextTest, StorePathsInEveryForm) {
  const std::vector<std::string> forms{kDigest + "-hello-2.12",
                                       "/nix/store/" + kDigest + "-hello-2.12",
                                       " /nix/store/" + kDigest + "-hello-2.12/bin/hello "};
  for (const auto& text : forms) {
    const auto search = parse(text);
    ASSERT_TRUE(search.path) << text;
    EXPECT_EQ(search.path->base_name(), kDigest + "-hello-2.12");
    EXPECT_TRUE(search.is_whole_store_digest());
  }
}

TEST(SearchTextTest, DigestsAndTheirBeginnings) {
  EXPECT_FALSE(parse(kDigest).path);
  EXPECT_TRUE(parse(kDigest).is_whole_store_digest());
  EXPECT_EQ(parse("0123456").store_digits, "0123456");
  EXPECT_EQ(parse("01234").store_digits, "") << "too many begin like this";
  EXPECT_EQ(parse("0123456e").store_digits, "") << "store paths have no e";
  EXPECT_EQ(parse("0123456e").digits, "0123456e");
}

TEST(SearchTextTest, CommitsAndOutputSets) {
  EXPECT_TRUE(parse(std::string(40, 'A')).is_whole_commit());
  EXPECT_EQ(parse(std::string(40, 'A')).digits, std::string(40, 'a'));
  EXPECT_TRUE(parse(std::string(64, 'f')).is_whole_output_set());
  EXPECT_EQ(parse(std::string(65, 'f')).digits, "");
}

TEST(SearchTextTest, WordsAreJustWords) {
  const auto search = parse("  hello world ");
  EXPECT_EQ(search.words, "hello world");
  EXPECT_FALSE(search.path);
  EXPECT_EQ(search.store_digits + search.digits, "");
  EXPECT_EQ(parse("  ").words, "");
}

}  // namespace
}  // namespace grange
