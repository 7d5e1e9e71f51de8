#include "http/http_client_retry.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "http/http_client_resume.h"

namespace grange {
namespace {

TEST(HttpRetryTest, KnowsWhatPasses) {
  for (const int status : {408, 425, 429, 500, 502, 503, 504, 599}) {
    EXPECT_TRUE(is_passing_status(status)) << status;
  }
  for (const int status : {200, 304, 400, 403, 404, 416, 501, 505, 511}) {
    EXPECT_FALSE(is_passing_status(status)) << status;
  }
}

TEST(HttpRetryTest, WaitsLongerEachTime) {
  HttpRetryPolicy policy{.base_delay = Seconds(1), .max_delay = Seconds(10)};
  EXPECT_EQ(retry_delay(policy, 1, 0, {}), Seconds(0.5));
  EXPECT_EQ(retry_delay(policy, 3, 0.5, {}), Seconds(3));
  EXPECT_EQ(retry_delay(policy, 1000, 0, {}), Seconds(5));
  EXPECT_EQ(retry_delay(policy, 1, 0, Seconds(7)), Seconds(7));
  EXPECT_EQ(retry_delay(policy, 1, 0, Seconds(1e9)), Seconds(60));
  EXPECT_EQ(retry_delay(policy, 1, 0, Seconds(0)), Seconds(0.5));
}

TEST(HttpRetryTest, ReadsRetryAfter) {
  constexpr TimePoint kNow{std::chrono::seconds{784111777}};  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(retry_after({}, kNow), std::nullopt);
  EXPECT_EQ(retry_after({{"Retry-After", "120"}}, kNow), Seconds(120));
  EXPECT_EQ(retry_after({{"Retry-After", "Sun, 06 Nov 1994 08:50:00 GMT"}}, kNow), Seconds(23));
  EXPECT_EQ(retry_after({{"Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT"}}, kNow), Seconds(0));
  EXPECT_EQ(retry_after({{"Retry-After", "soon"}}, kNow), std::nullopt);
}

TEST(HttpResumeTest, ReadsContentRanges) {
  const auto range = parse_content_range("bytes 5-9/20");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5U);
  EXPECT_EQ(range->last, 9U);
  EXPECT_EQ(range->total, 20U);
  EXPECT_EQ(parse_content_range("bytes 5-9/*")->total, std::nullopt);
  for (const auto* text : {"", "bytes", "bytes 5-9", "bytes 9-5/20", "bytes 5-9/9", "bytes */20",
                           "items 5-9/20", "bytes -9/20", "bytes 5-/20", "bytes 5/6-7"}) {
    EXPECT_FALSE(parse_content_range(text)) << text;
  }
}

TEST(HttpResumeTest, AsksOnlyWithAValidator) {
  HttpResume resume;
  HttpHeaders headers;
  resume.accept(200, {{"ETag", "W/\"a\""}}, 0);
  resume.ask(headers, 5);
  EXPECT_FALSE(headers.has("Range"));
  resume.accept(200, {{"ETag", "W/\"a\""}, {"Last-Modified", "yesterday"}}, 0);
  resume.ask(headers, 5);
  EXPECT_EQ(headers.get("Range"), "bytes=5-");
  EXPECT_EQ(headers.get("If-Range"), "yesterday");
}

TEST(HttpResumeTest, TakesNothingThatLeavesAGap) {
  HttpResume resume;
  HttpHeaders headers;
  resume.accept(200, {{"ETag", "\"a\""}, {"Content-Length", "20"}}, 0);
  resume.ask(headers, 5);
  const auto answer = [&](const char* range, const char* tag) {
    return resume.accept(206, {{"ETag", tag}, {"Content-Range", range}}, 5);
  };
  EXPECT_EQ(answer("bytes 5-19/20", "\"a\""), 0U);
  EXPECT_EQ(answer("bytes 3-19/20", "\"a\""), 2U);
  EXPECT_THROW(answer("bytes 6-19/20", "\"a\""), UnavailableError);
  EXPECT_THROW(answer("bytes 5-19/21", "\"a\""), UnavailableError);
  EXPECT_THROW(answer("bytes 5-19/20", "\"b\""), UnavailableError);
  EXPECT_THROW(answer("5-19/20", "\"a\""), UnavailableError);
  EXPECT_EQ(resume.accept(200, {{"ETag", "\"a\""}, {"Content-Length", "20"}}, 5), 5U);
}

}  // namespace
}  // namespace grange
