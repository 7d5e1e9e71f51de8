#include "farm/workshop.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(PolicyText, DiffersWhereverTheResultMay) {
  std::set<std::string> texts;
  using enum BuildPolicy::Sandbox;
  for (const auto sandbox : {sandboxed, unsandboxed, relaxed}) {
    BuildPolicy policy;
    policy.sandbox = sandbox;
    texts.insert(policy_text(policy));
    policy.host_paths = {"/opt"};
    texts.insert(policy_text(policy));
    policy.features = {"kvm"};
    texts.insert(policy_text(policy));
  }
  EXPECT_EQ(texts.size(), 9U);
}

TEST(PolicyText, IsWhatEarlierRecordsHave) {
  BuildPolicy policy;
  policy.features = {"benchmark", "big-parallel"};
  policy.sandbox_paths = {"/bin/sh=/bin/busybox"};
  EXPECT_EQ(policy_text(policy),
            "normal sandboxed paths:/bin/sh=/bin/busybox features:benchmark,big-parallel");
}

}  // namespace
}  // namespace grange
