#include "store/s3_storage.h"

#include <map>
#include <mutex>

#include <gtest/gtest.h>

#include "base/error.h"
#include "http/http_client_test_server.h"
#include "store/http_object_storage.h"

namespace grange {
namespace {

/// A bucket "b" as a test needs it: it believes everybody.
class BucketServer {
 public:
  LoopbackServer server{[this](const LoopbackRequest& request, LoopbackReply& reply) {
    const std::lock_guard lock(mutex);
    seen.push_back(request.method + " " + request.target);
    if (signed_only && !request.headers.has("Authorization")) {
      return reply.send_all(403, "", "<Error><Code>AccessDenied</Code></Error>");
    }
    answer(request, reply);
  }};
  std::mutex mutex;
  std::map<std::string, std::string> objects;
  std::map<std::string, std::string> parts;
  std::vector<std::string> seen;
  bool signed_only = true;
  bool break_parts = false;
  bool break_end = false;
  int aborted = 0;

 private:
  void answer(const LoopbackRequest& request, LoopbackReply& reply) {
    const auto url = Url::parse("http://b" + request.target);
    const auto path = url.decoded_path();
    if (request.method == "POST" && url.query_text() == "uploads=") {
      return reply.send_all(200, "",
                            "<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId>"
                            "</InitiateMultipartUploadResult>");
    }
    if (url.query_value("uploadId")) {
      EXPECT_EQ(url.query_value("uploadId"), "u&1");
      return answer_upload(request, url, path, reply);
    }
    if (url.query_value("list-type")) {
      const bool second = url.query_value("continuation-token") == "next";
      return reply.send_all(
          200, "",
          second ? "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>p/c.narinfo"
                   "</Key></Contents></ListBucketResult>"
                 : "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>next"
                   "</NextContinuationToken><Contents><Key>p/a.narinfo</Key></Contents><Contents>"
                   "<Key>p/b</Key></Contents></ListBucketResult>");
    }
    if (request.method == "PUT") {
      objects[path] = request.body;
      return reply.send_all(200, "ETag: \"x\"\r\n", "");
    }
    const auto found = objects.find(path);
    if (found != objects.end()) return reply.send_all(200, "", found->second);
    reply.send_all(404, "",
                   path.starts_with("/none/") ? "<Error><Code>NoSuchBucket</Code></Error>"
                                              : "<Error><Code>NoSuchKey</Code></Error>");
  }

  void answer_upload(const LoopbackRequest& request, const Url& url, const std::string& path,
                     LoopbackReply& reply) {
    if (request.method == "PUT") {
      if (break_parts) return reply.send_all(400, "", "<Error><Code>BadDigest</Code></Error>");
      parts[*url.query_value("partNumber")] = request.body;
      return reply.send_all(200, "ETag: \"" + *url.query_value("partNumber") + "\"\r\n", "");
    }
    if (request.method == "DELETE") {
      ++aborted;
      return reply.send_all(204, "", "");
    }
    if (break_end) return reply.send_all(200, "", "<Error><Code>InternalError</Code></Error>");
    EXPECT_NE(request.body.find("<PartNumber>3</PartNumber><ETag>\"3\"</ETag>"), std::string::npos);
    for (const auto& [number, content] : parts) objects[path] += content;
    reply.send_all(200, "", "<CompleteMultipartUploadResult/>");
  }
};

class S3StorageTest : public testing::Test {
 protected:
  std::unique_ptr<Storage> open(const std::string& prefix = "", const std::string& bucket = "b",
                                bool keys = true) {
    S3StorageOptions options{.client = storage_client_options(), .credentials = {}};
    options.client.proxy = "";
    options.client.retry.base_delay = Seconds(0.001);
    if (keys) options.credentials.keys = AwsKeys{"id", "secret", {}, {}};
    options.credentials.environment = {{"AWS_EC2_METADATA_DISABLED", "true"},
                                       {"HOME", "/nonexistent"}};
    options.part_size = 1;  // raised to the smallest that S3 allows
    return open_s3_storage({bucket, prefix, server_.server.url(""), "us-east-1", false}, options);
  }
  BucketServer server_;
};

TEST_F(S3StorageTest, ReadsWritesAndLists) {
  const auto storage = open("p");
  storage->write("nar/a=:b", "text", "text/plain");
  EXPECT_EQ(server_.objects.at("/b/p/nar/a=:b"), "text");
  EXPECT_EQ(storage->read("nar/a=:b", 10), "text");
  EXPECT_FALSE(storage->read("nar/c", 10));
  EXPECT_EQ(storage->list(".narinfo"), (std::vector<std::string>{"a.narinfo", "c.narinfo"}));
  EXPECT_THROW(open("", "none")->read("a", 10), NotFoundError);
}

TEST_F(S3StorageTest, StrangersMayRead) {
  server_.signed_only = false;
  server_.objects["/b/a"] = "text";
  EXPECT_EQ(open("", "b", false)->read("a", 10), "text");
  server_.signed_only = true;
  EXPECT_FALSE(open("", "b", false)->read("a", 10));
  EXPECT_EQ(open()->read("a", 10), "text");
}

TEST_F(S3StorageTest, LargeObjectsGoInParts) {
  const std::string content(11'000'000, 'x');
  const auto storage = open();
  const auto staged = storage->stage();
  staged->sink().write(content);
  staged->commit("nar/large", "");
  EXPECT_EQ(server_.parts.size(), 3U);
  EXPECT_EQ(server_.objects.at("/b/nar/large"), content);
  EXPECT_EQ(server_.aborted, 0);
}

TEST_F(S3StorageTest, WhatCouldNotBeSentLeavesNoParts) {
  const auto storage = open();
  const auto staged = storage->stage();
  staged->sink().write(std::string(11'000'000, 'x'));
  server_.break_parts = true;
  EXPECT_THROW(staged->commit("nar/large", ""), InvalidError);
  EXPECT_EQ(server_.aborted, 1);
  server_.break_parts = false;
  server_.break_end = true;
  EXPECT_THROW(staged->commit("nar/large", ""), UnavailableError);
  EXPECT_EQ(server_.aborted, 2);
  EXPECT_TRUE(server_.objects.empty());
}

}  // namespace
}  // namespace grange
