#include "derivation/build_trace.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

BuildTraceKey trace_key() {
  return {StorePath::parse("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-bar.drv"), "foo"};
}

const std::string kPath = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo";

TEST(BuildTraceEntry, RoundTripsNixsForm) {
  const std::string json =
      R"({"outPath":")" + kPath + R"(","signatures":[{"keyName":"asdf","sig":"AAAA=="}]})";
  const auto entry = BuildTraceEntry::parse(trace_key(), json);
  EXPECT_EQ(entry.out_path.base_name(), kPath);
  EXPECT_EQ(entry.signatures, std::set<std::string>{"asdf:AAAA=="});
  EXPECT_EQ(entry.to_json(), json);
}

TEST(BuildTraceEntry, SignsKeyAndPath) {
  const auto entry = BuildTraceEntry::parse(trace_key(), R"({"outPath":")" + kPath + R"("})");
  EXPECT_EQ(entry.fingerprint(),
            R"({"key":{"drvPath":"g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-bar.drv","outputName":"foo"},)"
            R"("value":{"outPath":"g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo"}})");
}

TEST(BuildTraceEntry, TakesSignaturesAsTextsAndPassesOverWhatItDoesNotKnow) {
  const auto entry =
      BuildTraceEntry::parse(trace_key(), R"({"more":[1],"outPath":")" + kPath +
                                              R"(","signatures":["k:AA==","odd","l:BB=="]})");
  EXPECT_EQ(entry.signatures, (std::set<std::string>{"k:AA==", "l:BB=="}));
  for (const std::string bad :
       {"", "[]", "{}", R"({"outPath":"none"})", R"({"outPath":1})",
        R"({"outPath":"g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo","signatures":[{"keyName":"k"}]})",
        R"({"outPath":"g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo","signatures":[[]]})"}) {
    EXPECT_THROW(BuildTraceEntry::parse(trace_key(), bad), InvalidError) << bad;
  }
}

}  // namespace
}  // namespace grange
