#include "derivation/realisation.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

// The worked example of nix-store.md §6.1, of Nix 2.8.
const std::string kFingerprint =
    R"({"dependentRealisations":{"sha256:2f9861c8154816266741885b9573078b9796e0ff9a68a87dd89c53e232d9d3f1!out":"c1d2n1vb9k8l12zw1m1k1vk4xmsdnn6s-c2",)"
    R"("sha256:6ece7b1b18ead544dbdc5cfdf6c6e3fe2a574551b7dc79c47109ffcb86c55716!out":"3c92bp44hz35pkckjvwqvbxlf10bvvdg-c1"},)"
    R"("id":"sha256:df617692bc2f2063fa3ddb2cc10b1b47734e5e577040e062e33f267e6963c471!out","outPath":"fr942k82gj83206126n6bfirb3i3mmhv-deferred"})";
const std::string kSignature =
    "test-1:JyEG1zw4dzjArhFFSjeDuwJeCoQ8Lg3u5pKOnBkuc03jB5MnJoNksveIAfhuDqYHbByfYjuP2F9bp+5/"
    "jeNJBg==";

TEST(Realisation, RoundTripsNixsForm) {
  const std::string json =
      kFingerprint.substr(0, kFingerprint.size() - 1) + ",\"signatures\":[\"" + kSignature + "\"]}";
  const auto realisation = Realisation::parse(json);
  EXPECT_EQ(realisation.out_path.base_name(), "fr942k82gj83206126n6bfirb3i3mmhv-deferred");
  EXPECT_EQ(realisation.signatures, std::set<std::string>{kSignature});
  EXPECT_EQ(realisation.dependencies.size(), 2U);
  EXPECT_EQ(realisation.to_json(), json);
  EXPECT_EQ(realisation.fingerprint(), kFingerprint);
}

TEST(Realisation, NeedsItsIdAndPathOnly) {
  const auto realisation = Realisation::parse(
      R"({"id":"sha256:6ece7b1b18ead544dbdc5cfdf6c6e3fe2a574551b7dc79c47109ffcb86c55716!out",)"
      R"("outPath":"3c92bp44hz35pkckjvwqvbxlf10bvvdg-c1","more":1})");
  EXPECT_TRUE(realisation.signatures.empty());
  EXPECT_TRUE(realisation.fingerprint().starts_with(R"({"dependentRealisations":{},"id":)"));
  EXPECT_THROW(Realisation::parse("{}"), InvalidError);
  EXPECT_THROW(Realisation::parse("[]"), InvalidError);
  EXPECT_THROW(Realisation::parse(kFingerprint + "x"), InvalidError);
  EXPECT_THROW(Realisation::parse(kFingerprint.substr(1)), InvalidError);
}

TEST(DrvOutput, RoundTripsItsText) {
  const std::string text =
      "sha256:6ece7b1b18ead544dbdc5cfdf6c6e3fe2a574551b7dc79c47109ffcb86c55716!dev";
  const auto id = DrvOutput::parse(text);
  EXPECT_EQ(id.output, "dev");
  EXPECT_EQ(id.to_string(), text);
  for (const std::string& bad : {text.substr(7), text.substr(0, 71), text.substr(0, 72),
                                 text.substr(0, 70) + "!out", text + "!", std::string()}) {
    EXPECT_THROW(DrvOutput::parse(bad), InvalidError) << bad;
  }
}

}  // namespace
}  // namespace grange
