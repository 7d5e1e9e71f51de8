#include "store/http_storage.h"

#include <map>
#include <mutex>

#include <gtest/gtest.h>

#include "base/compression.h"
#include "base/error.h"
#include "http/http_client_test_server.h"
#include "store/binary_cache.h"
#include "store/http_object_storage.h"

namespace grange {
namespace {

/// A server of objects in memory.
class ObjectServer {
 public:
  LoopbackServer server{
      [this](const LoopbackRequest& request, LoopbackReply& reply) { answer(request, reply); }};
  std::mutex mutex;
  std::map<std::string, std::string> objects;  ///< by target
  std::map<std::string, std::string> headers;  ///< of answers, by target
  std::vector<std::string> seen;
  int refuse = 0;  ///< a status for whatever is asked

 private:
  void answer(const LoopbackRequest& request, LoopbackReply& reply) {
    const std::lock_guard lock(mutex);
    seen.push_back(request.method + " " + request.target + " " +
                   std::string(request.headers.get("Authorization").value_or("-")));
    if (refuse != 0) return reply.send_all(refuse, "", "no");
    if (request.method == "PUT") {
      objects[request.target] = request.body;
      return reply.send_all(201, "", "");
    }
    const auto found = objects.find(request.target);
    if (found == objects.end()) return reply.send_all(404, "", request.method == "HEAD" ? "" : "-");
    if (request.method == "HEAD") {
      reply.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(found->second.size()) +
                 "\r\n\r\n");
    } else {
      reply.send_all(200, headers[request.target], found->second);
    }
  }
};

class HttpStorageTest : public testing::Test {
 protected:
  std::unique_ptr<Storage> open(const std::string& path = "/cache/",
                                HttpStorageOptions options = {.client = {}}) {
    options.client = storage_client_options();
    options.client.proxy = "";
    options.client.retry.base_delay = Seconds(0.001);
    return open_http_storage(server_.server.url(path), std::move(options));
  }
  ObjectServer server_;
};

TEST_F(HttpStorageTest, ReadsAndWrites) {
  const auto storage = open();
  EXPECT_FALSE(storage->has("nar/a"));
  EXPECT_FALSE(storage->read("nar/a", 100));
  storage->write("nar/a", "text", "text/plain");
  EXPECT_EQ(server_.objects.at("/cache/nar/a"), "text");
  EXPECT_TRUE(storage->has("nar/a"));
  EXPECT_EQ(storage->read("nar/a", 100), "text");
  EXPECT_EQ(read_all(*storage->open("nar/a"), 100), "text");
  EXPECT_THROW(storage->open("nar/b"), NotFoundError);
  EXPECT_THROW(storage->read("nar/a", 3), CorruptError);
  EXPECT_THROW(storage->list(""), InvalidError);
  EXPECT_EQ(storage->has_many({"nar/b", "nar/a"}), (std::vector<char>{0, 1}));
  EXPECT_FALSE(storage->describe().ends_with('/'));
}

TEST_F(HttpStorageTest, WhatIsStagedIsSeenWhole) {
  const auto storage = open();
  const std::string large(3'000'000, 'x');
  {
    const auto staged = storage->stage();
    staged->sink().write(large);
    EXPECT_TRUE(server_.objects.empty());
    staged->sink().write("end");
    staged->commit("nar/large", "application/x-nix-nar");
  }
  EXPECT_EQ(server_.objects.at("/cache/nar/large"), large + "end");
  storage->stage()->sink().write("never");
  EXPECT_EQ(server_.objects.size(), 1U);
  EXPECT_EQ(read_all(*storage->open("nar/large"), large.size() + 3), large + "end");
}

TEST_F(HttpStorageTest, ReadsManyInTheirOrder) {
  const auto storage = open();
  std::vector<std::string> keys;
  for (int i = 0; i < 600; ++i) {
    keys.push_back(std::to_string(i) + ".narinfo");
    if (i % 3 != 0) server_.objects["/cache/" + keys.back()] = std::to_string(i);
  }
  const auto texts = storage->read_many(keys, 100);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(texts[i], i % 3 == 0 ? std::nullopt : std::optional(std::to_string(i)));
  }
  server_.refuse = 400;
  EXPECT_THROW(storage->read_many(keys, 100), InvalidError);
}

TEST_F(HttpStorageTest, DecodesWhatIsEncodedButNoNar) {
  const auto storage = open();
  server_.objects["/cache/a.narinfo"] = compress(Compression::xz, "text");
  server_.headers["/cache/a.narinfo"] = "Content-Encoding: xz\r\n";
  EXPECT_EQ(storage->read("a.narinfo", 100), "text");
  EXPECT_EQ(read_all(*storage->open("a.narinfo"), 1000), server_.objects["/cache/a.narinfo"]);
}

TEST_F(HttpStorageTest, SomeAnswersMeanThatNothingIsThere) {
  const auto storage = open();
  server_.refuse = 403;
  EXPECT_FALSE(storage->has("a"));
  EXPECT_FALSE(storage->read("a", 10));
  EXPECT_THROW(storage->write("a", "text", ""), DeniedError);
  server_.refuse = 401;
  EXPECT_THROW(storage->has("a"), DeniedError);
  EXPECT_THROW(storage->read("a", 10), DeniedError);
  server_.refuse = 500;
  EXPECT_THROW(storage->read("a", 10), UnavailableError);
}

TEST_F(HttpStorageTest, SaysWhoAsks) {
  open("/", {.client = {}, .bearer_token = "t0ken"})->has("a");
  EXPECT_EQ(server_.seen.back(), "HEAD /a Bearer t0ken");
  HttpStorageOptions options{.client = storage_client_options()};
  options.client.proxy = "";
  const auto named = open_http_storage(server_.server.url_of("me:secret@127.0.0.1", "/"), options);
  named->has("a");
  EXPECT_EQ(server_.seen.back(), "HEAD /a Basic bWU6c2VjcmV0");
  EXPECT_EQ(named->describe().find("secret"), std::string::npos);
}

TEST_F(HttpStorageTest, ANarMayLieBehindAQuery) {
  server_.objects["/cache/nar/a.nar?hash=b"] = "text";
  EXPECT_EQ(read_all(*open()->open("nar/a.nar?hash=b"), 100), "text");
}

TEST_F(HttpStorageTest, WhatSaysNothingOfItselfIsNoCache) {
  BinaryCacheOptions options;
  options.must_exist = true;
  EXPECT_THROW(BinaryCache::open(open(), options), NotFoundError);
  server_.objects["/cache/nix-cache-info"] = "StoreDir: /nix/store\nPriority: 7\n";
  EXPECT_EQ(BinaryCache::open(open(), options)->info().priority, 7);
  options.priority = 3;
  EXPECT_EQ(BinaryCache::open(open(), options)->info().priority, 3);
}

}  // namespace
}  // namespace grange
