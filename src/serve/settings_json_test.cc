#include "serve/settings_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

TEST(SettingsJson, HasWhatIsInForceAndNoCredentials) {
  FarmConfig config;
  config.state = "/farm";
  config.evaluations = 3;
  config.limits.timeout = Seconds(60);
  config.workshop.substituters.push_back(
      StoreReference::parse("https://me:secret@cache.example.org?key=hidden"));
  config.failure_lifetimes.set("timed out", Seconds(7));
  config.failure_lifetimes.set_for_ever("failed");
  ServerFacts server;
  server.host = "127.0.0.1";
  server.port = 3000;
  const auto json = settings_json(config, server, {});
  EXPECT_EQ(json["server"]["listen"], "127.0.0.1:3000");
  EXPECT_EQ(json["server"]["evaluations"], 3);
  EXPECT_TRUE(json["server"]["daemonSocket"].is_null());
  EXPECT_TRUE(json["server"]["baseUrl"].is_null());
  EXPECT_EQ(json["build"]["timeout"], 60);
  EXPECT_EQ(json["build"]["substituters"][0], "https://cache.example.org");
  EXPECT_TRUE(json["build"]["maxFree"].is_null());
  EXPECT_EQ(json["failureLifetimes"]["timed out"], 7);
  EXPECT_TRUE(json["failureLifetimes"]["failed"].is_null());
  EXPECT_EQ(json.dump().find("secret"), std::string::npos);
  EXPECT_EQ(json.dump().find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace grange
