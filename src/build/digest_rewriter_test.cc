#include "build/digest_rewriter.h"

#include <filesystem>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "base/file.h"

namespace grange {
namespace {

const std::string kOld(32, 'a');
const std::string kNew(32, 'b');
const std::string kOther = "0123456789abcdfghijklmnpqrsvwxyz";

std::string rewritten(const std::string& text, std::size_t piece) {
  StringSink sink;
  DigestRewriter rewriter({{kOld, kNew}, {kOther, kOld}}, sink);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    rewriter.write(std::string_view(text).substr(at, piece));
  }
  rewriter.finish();
  return sink.take();
}

TEST(DigestRewriter, ReplacesHoweverTheTextIsCut) {
  const std::string text = "x" + kOld + "-name /nix/store/" + kOther + kOld + " end" + kOld;
  const std::string specified = "x" + kNew + "-name /nix/store/" + kOld + kNew + " end" + kNew;
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_EQ(rewritten(text, piece), specified) << "pieces of " << piece;
  }
}

TEST(DigestRewriter, EqualsASimpleModelOnRandomText) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    while (text.size() < 400) {
      switch (random() % 4) {
        case 0:
          text += kOther;
          break;
        case 1:
          text += kOther.substr(0, random() % 32);
          break;
        case 2:
          text += kOther.substr(random() % 32);
          break;
        default:
          text += '.';
      }
    }
    std::string specified = text;
    for (auto at = specified.find(kOther); at != std::string::npos; at = specified.find(kOther)) {
      specified.replace(at, 32, kOld);
    }
    EXPECT_EQ(rewritten(text, 1 + random() % 64), specified);
  }
}

TEST(DigestRewriter, RewritesContentsNamesAndTargets) {
  const TemporaryDirectory directory;
  const auto tree = directory.path() / "tree";
  std::filesystem::create_directory(tree);
  write_file(tree / ("lib-" + kOld), "see " + kOld + ".", Durability::atomic, 0755);
  std::filesystem::create_symlink("/nix/store/" + kOld + "-x", tree / "link");
  rewrite_tree(tree, {{kOld, kNew}}, directory.path() / "spool");
  EXPECT_EQ(read_file(tree / ("lib-" + kNew)), "see " + kNew + ".");
  EXPECT_EQ(std::filesystem::read_symlink(tree / "link"), "/nix/store/" + kNew + "-x");
  EXPECT_FALSE(std::filesystem::exists(tree / ("lib-" + kOld)));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "spool"));
  const auto mode = std::filesystem::status(tree / ("lib-" + kNew)).permissions();
  EXPECT_NE(mode & std::filesystem::perms::owner_exec, std::filesystem::perms::none);
}

}  // namespace
}  // namespace grange
