#include "build/references_graph.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "build/test_support.h"

namespace grange {
namespace {

PathInfo object(char digit, std::uint64_t size, const std::string& references) {
  PathInfo info(repeated_path(digit, "object"), Hash(HashAlgorithm::sha256));
  info.nar_size = size;
  for (const char reference : references) {
    info.references.insert(repeated_path(reference, "object"));
  }
  return info;
}

/// d needs b and c, which both need a; d and a refer to themselves.
const std::vector<PathInfo> kDiamond = {object('a', 1, "a"), object('b', 10, "a"),
                                        object('c', 100, "a"), object('d', 1000, "bcd")};

TEST(ReferencesGraph, ASharedPathCountsOnce) {
  const auto json = nlohmann::json::parse(graph_json(StoreDir::nix(), kDiamond));
  std::vector<std::uint64_t> sizes;
  for (const auto& path : json) sizes.push_back(path["closureSize"].get<std::uint64_t>());
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{1, 11, 101, 1111}));
  EXPECT_EQ(json[3]["references"].size(), 3U);
  EXPECT_FALSE(json[0].contains("ca"));
  EXPECT_EQ(graph_json(StoreDir::nix(), {}), "[]");
}

TEST(ReferencesGraph, RegistrationsHaveNoDerivers) {
  const auto path = [](char digit) {
    return StoreDir::nix().print(repeated_path(digit, "object")) + "\n";
  };
  EXPECT_EQ(
      registration_text(StoreDir::nix(), {kDiamond[0], kDiamond[3]}),
      path('a') + "\n1\n" + path('a') + path('d') + "\n3\n" + path('b') + path('c') + path('d'));
}

}  // namespace
}  // namespace grange
