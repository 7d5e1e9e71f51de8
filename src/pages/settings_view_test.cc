#include "pages/settings_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

TEST(SettingsView, SaysWhatNumbersMean) {
  const auto settings = ApiJson::parse(R"({
    "server": {"listen": "127.0.0.1:3000", "baseUrl": null, "state": "/s", "evaluations": 2,
               "daemonSocket": null, "daemonShares": 100.0},
    "build": {"jobs": 4, "cores": 0, "timeout": 0.0, "maxSilent": 90.0, "maxLog": 1048576,
              "store": "/", "sandbox": "on", "sandboxPaths": [], "builders": ["ssh://a", "ssh://b"],
              "substituters": [], "trustedPublicKeys": [], "minFree": 0, "maxFree": null},
    "evaluate": {"workers": 2, "maxMemory": 0, "attributeTimeout": 600.0, "timeout": 0.0},
    "failureLifetimes": {"failed": null, "timed out": 86400, "hash mismatch": 0}})");
  const auto view = settings_view(settings);
  ASSERT_EQ(view.size(), 4u);
  const auto value = [&](std::size_t section, std::size_t row) {
    return view[section]["rows"][row].value("value", "");
  };
  EXPECT_EQ(value(0, 1), "not set");
  EXPECT_EQ(value(0, 5), "100");
  EXPECT_EQ(value(1, 0), "4");
  EXPECT_EQ(value(1, 1), "all");
  EXPECT_EQ(value(1, 2), "no limit");
  EXPECT_EQ(value(1, 3), "1 min 30 s");
  EXPECT_EQ(value(1, 4), "1.0 MiB");
  EXPECT_EQ(value(1, 7), "none");
  EXPECT_EQ(view[1]["rows"][8]["lines"].size(), 2u);
  EXPECT_EQ(value(1, 11), "never");
  EXPECT_EQ(value(3, 0), "for ever");
  EXPECT_EQ(value(3, 1), "1 d");
  EXPECT_EQ(value(3, 2), "never");
}

}  // namespace
}  // namespace grange
