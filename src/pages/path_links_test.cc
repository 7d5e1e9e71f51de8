#include "pages/path_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

using testing::ElementsAre;

const std::string kHello = "0c3jg7mbzp0n4szy3b4spcmkpzcymnlk-hello-2.10";

TEST(PathLinks, PathsOfTheStoreAreLinks) {
  EXPECT_THAT(
      linked_pieces("/nix/store", "run /nix/store/" + kHello + "/bin, /nix/store/" + kHello +
                                      ".drv and /nix/store/" + kHello + "."),
      ElementsAre(
          LinkedPiece{"run ", ""}, LinkedPiece{"/nix/store/" + kHello, "/store-path/" + kHello},
          LinkedPiece{"/bin, ", ""},
          LinkedPiece{"/nix/store/" + kHello + ".drv", "/derivation/" + kHello + ".drv"},
          LinkedPiece{" and ", ""}, LinkedPiece{"/nix/store/" + kHello, "/store-path/" + kHello},
          LinkedPiece{".", ""}));
}

TEST(PathLinks, WhatOnlyLooksLikeOneIsNone) {
  for (const std::string text :
       {"/nix/store/short", "/nix/store/", "/nix/stores/x", "", "plain", "/nix/store/<script>"}) {
    const auto pieces = linked_pieces("/nix/store", text);
    ASSERT_EQ(pieces.size(), text.empty() ? 0U : 1U) << text;
    for (const auto& piece : pieces) EXPECT_EQ(piece, (LinkedPiece{text, ""}));
  }
  EXPECT_EQ(linked_pieces("/gnu/store", "/nix/store/" + kHello).size(), 1U);
}

TEST(PathLinks, SentencesHaveNamesForPaths) {
  const auto list =
      linked_names("/nix/store", "waits for /nix/store/" + kHello + ".drv to be made");
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[1]["text"], "hello-2.10");
  EXPECT_EQ(list[1]["url"], "/derivation/" + kHello + ".drv");
  EXPECT_EQ(list[2]["text"], " to be made");
}

}  // namespace
}  // namespace grange
