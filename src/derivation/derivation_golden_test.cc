#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/derivation_json.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

using nlohmann::json;

/// Upstream's characterisation data; skips the test where it is absent.
#define GOLDEN(directory)                                  \
  const auto directory = shared_data("golden/derivation"); \
  if (!directory) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)"

TEST(DerivationGolden, ATermAndJsonAreTheSameDerivation) {
  GOLDEN(root);
  std::size_t pairs = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*root)) {
    if (entry.path().extension() != ".drv") continue;
    const auto text = read_file(entry.path());
    const auto twin = read_file(std::filesystem::path(entry.path()).replace_extension("json"));
    const std::string name = json::parse(twin)["name"];
    const auto derivation = parse_aterm(kNix, name, text);
    EXPECT_EQ(print_aterm(derivation, kNix), text) << entry.path();
    EXPECT_EQ(json::parse(print_derivation_json(derivation)), json::parse(twin)) << entry.path();
    EXPECT_EQ(parse_derivation_json(kNix, twin), derivation) << entry.path();
    ++pairs;
  }
  EXPECT_EQ(pairs, 10U);
}

TEST(DerivationGolden, SelfContained) {
  GOLDEN(root);
  const auto text = read_file(*root / "ca/self-contained.json");
  const auto derivation = parse_derivation_json(kNix, text);
  EXPECT_EQ(derivation.kind(), DerivationKind::floating);
  EXPECT_EQ(json::parse(print_derivation_json(derivation)), json::parse(text));
}

TEST(DerivationGolden, Outputs) {
  GOLDEN(root);
  const std::map<std::string, DerivationKind> kinds = {
      {"caFixedFlat", DerivationKind::fixed},
      {"caFixedNAR", DerivationKind::fixed},
      {"caFixedText", DerivationKind::fixed},
      {"caFloating", DerivationKind::floating},
      {"deferred", DerivationKind::deferred},
      {"impure", DerivationKind::impure},
      {"inputAddressed", DerivationKind::input_addressed}};
  for (const auto& [name, kind] : kinds) {
    const auto output = json::parse(read_file(*root / ("output-" + name + ".json")));
    const json value = {{"name", "drv-name"},
                        {"version", 4},
                        {"outputs", {{"out", output}}},
                        {"inputs", {{"srcs", json::array()}, {"drvs", json::object()}}},
                        {"system", ""},
                        {"builder", ""},
                        {"args", json::array()},
                        {"env", json::object()}};
    const auto derivation = parse_derivation_json(kNix, value.dump());
    EXPECT_EQ(derivation.kind(), kind) << name;
    EXPECT_EQ(json::parse(print_derivation_json(derivation)), value) << name;
    EXPECT_EQ(parse_aterm(kNix, "drv-name", print_aterm(derivation, kNix)), derivation) << name;
  }
}

TEST(DerivationGolden, ContentAddresses) {
  const auto root = shared_data("golden/content-address");
  if (!root) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)";
  for (const auto& [name, method] :
       {std::pair{"nar", ContentMethod::recursive}, std::pair{"text", ContentMethod::text}}) {
    const auto value = json::parse(read_file(*root / (std::string(name) + ".json")));
    EXPECT_EQ(value["method"], name);
    const ContentAddress address{method, Hash::parse(value["hash"].get<std::string>())};
    EXPECT_EQ(ContentAddress::parse(address.to_string()), address);
    EXPECT_EQ(address.hash.to_string(HashFormat::sri), value["hash"]);
  }
}

}  // namespace
}  // namespace grange
