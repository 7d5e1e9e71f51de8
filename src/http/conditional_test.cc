#include "http/conditional.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "http/etag.h"
#include "http/http_range.h"

namespace grange {
namespace {

using RangeAnswer = std::variant<WholeBody, ByteRange, UnsatisfiableRange>;

TEST(HttpRangeTest, ReadsSingleRanges) {
  const auto part = [](std::uint64_t offset, std::uint64_t length) {
    return RangeAnswer(ByteRange{offset, length});
  };
  EXPECT_EQ(parse_range("bytes=0-0", 10), part(0, 1));
  EXPECT_EQ(parse_range("bytes=2-5", 10), part(2, 4));
  EXPECT_EQ(parse_range("Bytes = 2-", 10), part(2, 8));
  EXPECT_EQ(parse_range("bytes=-3", 10), part(7, 3));
  EXPECT_EQ(parse_range("bytes=-30", 10), part(0, 10));
  EXPECT_EQ(parse_range("bytes=9-99999999999999999999999", 10), part(9, 1));
  EXPECT_EQ(content_range({2, 4}, 10), "bytes 2-5/10");
}

TEST(HttpRangeTest, TellsWhatHasNoByteFromWhatIsNoRange) {
  for (const char* text : {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parse_range(text, 10), RangeAnswer(UnsatisfiableRange{})) << text;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0), RangeAnswer(UnsatisfiableRange{}));
  EXPECT_EQ(parse_range("bytes=-5", 0), RangeAnswer(UnsatisfiableRange{}));
  for (const char* text : {"", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4",
                           "lines=0-1", "bytes=a-b", "bytes=0x1-", "bytes=+1-2", "bytes=1--2"}) {
    EXPECT_EQ(parse_range(text, 10), RangeAnswer(WholeBody{})) << text;
  }
}

TEST(EntityTagTest, ReadsStrongAndWeakOnes) {
  EXPECT_EQ(EntityTag::try_parse("\"a\"")->text(), "\"a\"");
  EXPECT_TRUE(EntityTag::try_parse("W/\"a\"")->weak);
  EXPECT_TRUE(EntityTag::try_parse("\"\""));
  for (const char* text : {"", "a", "\"a", "\"a\"b", "w/\"a\"", "\"a b\"", "W/"}) {
    EXPECT_FALSE(EntityTag::try_parse(text)) << text;
  }
  EXPECT_THROW(EntityTag::strong("a\"b"), InvalidError);
}

TEST(EntityTagTest, IsFoundInLists) {
  const auto tag = EntityTag::strong("b");
  for (const char* list : {"*", " * ", "\"b\"", "\"a\", \"b\"", "W/\"b\"", "\"a,\" ,, \"b\""}) {
    EXPECT_TRUE(list_names_tag(list, tag)) << list;
  }
  for (const char* list : {"", "\"a\"", "b", "\"a\", b, \"b\"", "\"*\""}) {
    EXPECT_FALSE(list_names_tag(list, tag)) << list;
  }
  EXPECT_FALSE(list_names_tag("*", std::nullopt));
}

TEST(HttpDateTest, RoundTripsAndRefuses) {
  const std::string text = "Sun, 06 Nov 1994 08:49:37 GMT";
  ASSERT_TRUE(parse_http_date(text));
  EXPECT_EQ(to_unix(*parse_http_date(text)), 784111777);
  EXPECT_EQ(format_http_date(*parse_http_date(text)), text);
  EXPECT_EQ(format_http_date(TimePoint()), "Thu, 01 Jan 1970 00:00:00 GMT");
  for (const char* other : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT",
                            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                            "Sun, 06 Nov 1994 08:49:37 UTC", "Fri, 31 Dec 9999 23:59:59 GMT",
                            "Sun  06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(other)) << other;
  }
}

class ConditionsTest : public testing::Test {
 protected:
  ServerResponse apply() {
    ServerResponse response;
    response.headers.set("ETag", "\"v1\"");
    response.headers.set("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    response.body = std::string("0123456789");
    return apply_conditions(request_, std::move(response));
  }
  std::string text_of(const ServerResponse& response) {
    const auto* text = std::get_if<std::string>(&response.body);
    return text == nullptr ? "" : *text;
  }

  ServerRequest request_;
};

TEST_F(ConditionsTest, NotModified) {
  request_.headers.set("If-None-Match", "\"v0\", \"v1\"");
  auto response = apply();
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(text_of(response), "");
  EXPECT_EQ(response.headers.get("ETag"), "\"v1\"");
  // The tags decide alone where there are some.
  request_.headers.set("If-None-Match", "\"v0\"");
  request_.headers.set("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(apply().status, 200);
  request_.headers.remove("If-None-Match");
  EXPECT_EQ(apply().status, 304);
  request_.headers.set("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT");
  EXPECT_EQ(apply().status, 200);
  request_.method = RequestMethod::put;
  request_.headers.set("If-None-Match", "*");
  EXPECT_EQ(apply().status, 200);
}

TEST_F(ConditionsTest, Parts) {
  EXPECT_EQ(apply().headers.get("Accept-Ranges"), "bytes");
  request_.headers.set("Range", "bytes=2-4");
  auto response = apply();
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(text_of(response), "234");
  EXPECT_EQ(response.headers.get("Content-Range"), "bytes 2-4/10");
  request_.headers.set("Range", "bytes=10-");
  response = apply();
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(response.headers.get("Content-Range"), "bytes */10");
  request_.headers.set("Range", "bytes=0-1,4-5");
  EXPECT_EQ(text_of(apply()), "0123456789");
  request_.headers.set("Range", "bytes=2-4");
  request_.method = RequestMethod::head;
  EXPECT_EQ(apply().status, 200);
}

TEST_F(ConditionsTest, PartsOfTheSameThingOnly) {
  request_.headers.set("Range", "bytes=2-4");
  for (const auto& [condition, status] :
       std::vector<std::pair<std::string, int>>{{"\"v1\"", 206},
                                                {"\"v0\"", 200},
                                                {"W/\"v1\"", 200},
                                                {"Sun, 06 Nov 1994 08:49:37 GMT", 206},
                                                {"Sun, 06 Nov 1994 08:49:38 GMT", 200},
                                                {"nonsense", 200}}) {
    request_.headers.set("If-Range", condition);
    EXPECT_EQ(apply().status, status) << condition;
  }
}

TEST_F(ConditionsTest, PartsOfStreams) {
  const auto part_of_stream = [&](const std::string& range) {
    StreamBody body;
    body.length = 10;
    body.has_ranges = true;
    body.write = [](Sink& sink) {
      for (const char* piece : {"01", "234", "5678", "9"}) sink.write(piece);
    };
    ServerRequest request;
    request.headers.set("Range", range);
    ServerResponse response;
    response.body = std::move(body);
    response = apply_conditions(request, std::move(response));
    auto& cut = std::get<StreamBody>(response.body);
    StringSink sink;
    cut.write(sink);
    EXPECT_EQ(cut.length, sink.text().size());
    return sink.take();
  };
  EXPECT_EQ(part_of_stream("bytes=0-0"), "0");
  EXPECT_EQ(part_of_stream("bytes=3-6"), "3456");
  EXPECT_EQ(part_of_stream("bytes=9-"), "9");
  EXPECT_EQ(part_of_stream("bytes=-8"), "23456789");
  EXPECT_EQ(part_of_stream("lines=1-2"), "0123456789");
}

TEST_F(ConditionsTest, PartsOfFiles) {
  request_.headers.set("Range", "bytes=-3");
  ServerResponse response;
  FileBody file;
  file.offset = 100;
  file.length = 50;
  response.body = file;
  response = apply_conditions(request_, std::move(response));
  EXPECT_EQ(std::get<FileBody>(response.body).offset, 147U);
  EXPECT_EQ(std::get<FileBody>(response.body).length, 3U);
}

}  // namespace
}  // namespace grange
