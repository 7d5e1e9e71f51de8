#include "command/queue_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

nlohmann::ordered_json queued(std::int64_t id, const std::string& label) {
  return {{"id", id},           {"project", "hello"}, {"jobset", "main"},  {"label", label},
          {"started", nullptr}, {"bumped", false},    {"retryAt", nullptr}};
}

TEST(QueueText, AnEmptyQueueSaysSo) {
  EXPECT_EQ(queue_text({{"builds", nlohmann::ordered_json::array()},
                        {"next", nullptr},
                        {"jobsets", nlohmann::ordered_json::array()}}),
            "nothing is to be made\n");
}

TEST(QueueText, JobsetsComeBeforeBuildsWithTheirReasons) {
  auto first = queued(7, "a");
  first["waiting"] = {{"reason", "slot"}, {"words", "waits for a slot"}};
  auto second = queued(12, "long\x1b label");
  second["started"] = "2026-01-01T00:00:00.000000Z";
  second["bumped"] = true;
  nlohmann::ordered_json queue{{"builds", {first, second}}, {"next", 12}};
  queue["jobsets"] = nlohmann::ordered_json::array();
  queue["jobsets"].push_back(
      {{"project", "hello"}, {"jobset", "main"}, {"queued", 2}, {"shares", 1}});
  const auto text = queue_text(queue);
  EXPECT_TRUE(text.starts_with("hello:main: 2 builds (1 share)\n\n7   hello:main  a")) << text;
  EXPECT_NE(text.find("queued: waits for a slot\n"), text.npos) << text;
  EXPECT_NE(text.find("running, bumped\n"), text.npos) << text;
  EXPECT_EQ(text.find('\x1b'), text.npos) << "what a server says does not steer the terminal";
  EXPECT_TRUE(text.ends_with("… and more\n")) << text;
}

}  // namespace
}  // namespace grange
