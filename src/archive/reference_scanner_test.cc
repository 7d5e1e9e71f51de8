#include "archive/reference_scanner.h"

#include <random>

#include <gtest/gtest.h>

#include "archive/nar.h"
#include "base/file.h"

namespace grange {
namespace {

StorePath path(std::string_view hash, std::string_view name = "x") {
  return StorePath::parse(std::string(hash) + "-" + std::string(name));
}

const std::string kOne = "0123456789abcdfghijklmnpqrsvwxyz";
const std::string kTwo = "zyxwvsrqpnmlkjihgfdcba9876543210";

TEST(ReferenceScannerTest, FindsADigestWhereverThePiecesAreCut) {
  const std::string text = "begin /nix/store/" + kOne + "-x, " + kOne + kTwo + " end";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (const std::size_t second :
         {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{40}}) {
      ReferenceScanner scanner({path(kOne), path(kTwo)});
      const std::string_view view(text);
      scanner.write(view.substr(0, first));
      scanner.write(view.substr(first, second));
      if (first + second < text.size()) scanner.write(view.substr(first + second));
      ASSERT_EQ(scanner.found(), (std::set<StorePath>{path(kOne), path(kTwo)})) << first;
    }
  }
}

TEST(ReferenceScannerTest, FindsNothingThatIsNotThere) {
  const std::string text = kOne.substr(0, 31) + "e" + kOne.substr(1) + "-" + kTwo.substr(1) + "0";
  ReferenceScanner scanner({path(kOne), path(kTwo)});
  for (const char c : text) scanner.write({&c, 1});
  EXPECT_TRUE(scanner.found().empty());
}

TEST(ReferenceScannerTest, FindsADigestInALongRunOfDigits) {
  for (std::size_t before = 0; before < 70; ++before) {
    ReferenceScanner scanner({path(kTwo)});
    scanner.write(std::string(before, 'a') + kTwo + "abc");
    EXPECT_EQ(scanner.found().size(), 1U) << before;
  }
}

TEST(ReferenceScannerTest, PathsThatShareADigestAreBothFound) {
  ReferenceScanner scanner({path(kOne, "a"), path(kOne, "b")});
  scanner.write(kOne);
  EXPECT_EQ(scanner.found().size(), 2U);
}

TEST(ReferenceScannerTest, HandsEverythingOn) {
  StringSink next;
  ReferenceScanner scanner({path(kOne)}, &next);
  scanner.write("ab");
  scanner.write(kOne);
  EXPECT_EQ(next.text(), "ab" + kOne);
}

/// Against the obvious way, on texts that are rich in digits.
TEST(ReferenceScannerTest, AgreesWithSearchingForEachDigest) {
  std::mt19937 random(1);
  const std::string alphabet = "0123456789abcdfghijklmnpqrsvwxyze/-";
  std::set<StorePath> candidates;
  for (int i = 0; i < 20; ++i) {
    std::string hash;
    for (int k = 0; k < 32; ++k) hash += kNix32Alphabet[random() % 32];
    candidates.insert(path(hash));
  }
  const std::vector<StorePath> list(candidates.begin(), candidates.end());
  for (int round = 0; round < 300; ++round) {
    std::string text;
    while (text.size() < 600) {
      const std::string hash(list[random() % list.size()].hash_part());
      switch (random() % 3) {
        case 0:
          text += hash.substr(random() % 3, 29 + random() % 4);
          break;
        case 1:
          text += hash;
          break;
        default:
          for (std::size_t k = random() % 40; k > 0; --k)
            text += alphabet[random() % alphabet.size()];
      }
    }
    std::set<StorePath> specified;
    for (const StorePath& candidate : list) {
      if (text.find(candidate.hash_part()) != std::string::npos) specified.insert(candidate);
    }
    ReferenceScanner scanner(candidates);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t piece = random() % 90;
      scanner.write(std::string_view(text).substr(at, piece));
      at += piece;
    }
    ASSERT_EQ(scanner.found(), specified) << round;
  }
}

TEST(ReferenceScannerTest, ScansATreeWithNamesAndTargets) {
  const TemporaryDirectory temporary;
  const auto tree = temporary.path() / "tree";
  std::filesystem::create_directory(tree);
  write_file(tree / (kOne + "-file"), "");
  std::filesystem::create_symlink("/nix/store/" + kTwo + "-x", tree / "link");
  const ScannedNar scanned = scan_nar(tree, {path(kOne), path(kTwo)});
  EXPECT_EQ(scanned.references.size(), 2U);
  EXPECT_EQ(scanned.nar.hash, hash_nar(tree).hash);
  EXPECT_TRUE(scan_nar(tree, {}).references.empty());
}

}  // namespace
}  // namespace grange
