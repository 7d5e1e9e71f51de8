#include "daemon/cache_store.h"

#include <gmock/gmock.h>

#include "base/compression.h"
#include "daemon/cache_test_support.h"

namespace grange {
namespace {

using testing::HasSubstr;
using testing::Not;

class CacheStoreTest : public StoreTest {
 protected:
  CacheServer server(CacheStore::Options options = {}, CacheServerOptions more = {}) {
    std::vector<std::unique_ptr<CacheSite>> sites;
    options.uploads = more.tokens.has_value();
    sites.push_back(std::make_unique<CacheStore>(
        std::shared_ptr<LocalStore>(LocalStore::open(location(), quick())), std::move(options)));
    return {std::move(sites), std::move(more)};
  }
  CacheServer taking_server() {
    CacheServerOptions options;
    options.tokens = UploadTokens::parse("token");
    return server({}, options);
  }
  static CacheAnswer put(const CacheServer& server, const std::string& target,
                         const std::string& body) {
    return ask_cache(server, RequestMethod::put, target, {{"Authorization", "Bearer token"}}, body);
  }
  static std::string narinfo_target(const StorePath& path) {
    return "/" + std::string(path.hash_part()) + ".narinfo";
  }
};

TEST_F(CacheStoreTest, TellsOfValidPaths) {
  const auto dependency = add(path("dep", '1'), "dep");
  const auto object = add(path("obj"), "content", {dependency});
  const auto cache = server();
  const auto first = get_from_cache(cache, narinfo_target(object));
  EXPECT_EQ(first.status, 200);
  EXPECT_FALSE(first.at_once);
  EXPECT_EQ(first.fields.get("Content-Type"), "text/x-nix-narinfo");
  EXPECT_EQ(narinfo_line(first.body, "StorePath"), "/nix/store/" + object.base_name());
  EXPECT_EQ(narinfo_line(first.body, "References"), dependency.base_name());
  EXPECT_EQ(narinfo_line(first.body, "Compression"), "zstd");
  const auto again = get_from_cache(cache, narinfo_target(object));
  EXPECT_TRUE(again.at_once);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(get_from_cache(cache, narinfo_target(path("none", '9'))).status, 404);
}

TEST_F(CacheStoreTest, ForgetsWhatIsNoLongerValid) {
  const auto object = path("obj");
  const auto cache = server();
  EXPECT_EQ(get_from_cache(cache, narinfo_target(object)).status, 404);
  EXPECT_EQ(get_from_cache(cache, narinfo_target(object)).status, 404);
  add(object, "content");
  const auto narinfo = get_from_cache(cache, narinfo_target(object));
  ASSERT_EQ(narinfo.status, 200);
  const auto nar = "/" + narinfo_line(narinfo.body, "URL");
  EXPECT_EQ(get_from_cache(cache, nar).status, 200);
  store().invalidate(object);
  EXPECT_EQ(get_from_cache(cache, narinfo_target(object)).status, 404);
  EXPECT_EQ(get_from_cache(cache, nar).status, 404);
}

TEST_F(CacheStoreTest, MakesNarsOnTheirWay) {
  const auto object = add(path("obj"), std::string(300'000, 'x'));
  const auto nar = nar_of(std::string(300'000, 'x'));
  const auto cache = server();
  const auto url = "/" + narinfo_line(get_from_cache(cache, narinfo_target(object)).body, "URL");
  const auto packed = get_from_cache(cache, url);
  EXPECT_EQ(packed.status, 200);
  EXPECT_EQ(decompress(Compression::zstd, packed.body), nar);
  EXPECT_EQ(packed.fields.get("Cache-Control"), "public, max-age=31536000, immutable");

  const auto plain_url = url.substr(0, url.size() - 4);
  const auto plain = get_from_cache(cache, plain_url);
  EXPECT_EQ(plain.body, nar);
  const auto part = get_from_cache(cache, plain_url, {{"Range", "bytes=1000-290000"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, nar.substr(1000, 289001));
  const auto end = get_from_cache(cache, plain_url, {{"Range", "bytes=-7"}});
  EXPECT_EQ(end.body, nar.substr(nar.size() - 7));
  EXPECT_EQ(get_from_cache(cache, plain_url, {{"Range", "bytes=400000-"}}).status, 416);
  const std::string tag(plain.fields.get("ETag"));
  EXPECT_EQ(get_from_cache(cache, plain_url, {{"If-None-Match", tag}}).status, 304);
}

TEST_F(CacheStoreTest, SaysTheSizeOfWhatIsNotPacked) {
  const auto object = add(path("obj"), "content");
  CacheStore::Options options;
  options.compression = NarCompression::none;
  const auto narinfo = get_from_cache(server(std::move(options)), narinfo_target(object)).body;
  EXPECT_EQ(narinfo_line(narinfo, "FileSize"), std::to_string(nar_of("content").size()));
  EXPECT_EQ(narinfo_line(narinfo, "FileHash"), narinfo_line(narinfo, "NarHash"));
}

TEST_F(CacheStoreTest, DoesNotServeAPathOfAnotherContent) {
  const auto object = add(path("obj"), "content");
  const auto other = Hash(HashAlgorithm::sha256).digits(HashFormat::nix32);
  EXPECT_EQ(
      get_from_cache(server(), "/nar/" + std::string(object.hash_part()) + "-" + other + ".nar")
          .status,
      404);
}

TEST_F(CacheStoreTest, SignsWithEveryKey) {
  const auto object = add(path("obj"), "content");
  CacheStore::Options options;
  options.keys = {SecretKey::generate("one-1"), SecretKey::generate("two-1")};
  TrustedKeys first;
  TrustedKeys second;
  first.add(options.keys[0].public_key());
  second.add(options.keys[1].public_key());
  const auto text = get_from_cache(server(std::move(options)), narinfo_target(object)).body;
  const auto info = parse_narinfo(StoreDir::nix(), text).info;
  const std::set<std::string> signatures(info.signatures.begin(), info.signatures.end());
  EXPECT_TRUE(first.accepts(path_fingerprint(StoreDir::nix(), info), signatures));
  EXPECT_TRUE(second.accepts(path_fingerprint(StoreDir::nix(), info), signatures));
}

TEST_F(CacheStoreTest, CutsOffWhatIsCollectedMeanwhile) {
  const auto object = add(path("obj"), std::string(3'000'000, 'x'));
  const auto cache = server();
  const auto url = "/" + narinfo_line(get_from_cache(cache, narinfo_target(object)).body, "URL");
  ServerRequest request;
  request.target = RequestTarget::parse(url.substr(0, url.size() - 4));
  HandlerCall call{.request = request, .captured = {}, .text = {}, .source = nullptr, .stop = {}};
  auto response = cache.dispatch(request).run(call);
  auto& body = std::get<StreamBody>(response.body);
  class Collecting final : public Sink {
   public:
    Collecting(LocalStore& store, const StorePath& path) : store_(store), path_(path) {}
    void write(std::string_view data) override {
      size_ += data.size();
      store_.invalidate(path_);
    }
    std::size_t size_ = 0;

   private:
    LocalStore& store_;
    const StorePath& path_;
  } sink(store(), object);
  EXPECT_THROW(body.write(sink), NotFoundError);
  EXPECT_LT(sink.size_, 1'000'000U) << "nothing that was read afterwards is sent";
}

TEST_F(CacheStoreTest, ListsFilesAndLogs) {
  const auto object = add(path("obj"), "content");
  const auto derivation = path("obj.drv", '3');
  store().write_log(derivation, "it was made\n");
  const auto cache = server();
  const auto listing = get_from_cache(cache, "/" + std::string(object.hash_part()) + ".ls");
  EXPECT_EQ(listing.body, R"({"version":1,"root":{"type":"regular","size":7,"narOffset":96}})");
  EXPECT_EQ(get_from_cache(cache, "/log/" + derivation.base_name()).body, "it was made\n");
  EXPECT_EQ(get_from_cache(cache, "/log/" + object.base_name()).status, 404);
}

TEST_F(CacheStoreTest, TakesAPathOnceItIsWhole) {
  const auto nar = nar_of("content");
  const auto packed = compress(Compression::xz, nar);
  const auto file_hash = hash_bytes(HashAlgorithm::sha256, packed);
  NarInfo narinfo{info_of(path("new"), nar), {}, NarCompression::xz, file_hash, packed.size()};
  narinfo.url = "nar/" + file_hash.digits(HashFormat::nix32) + ".nar.xz";
  const auto text = print_narinfo(StoreDir::nix(), narinfo);
  const auto cache = taking_server();

  EXPECT_EQ(put(cache, narinfo_target(path("new")), text).status, 409) << "the NAR comes first";
  EXPECT_EQ(put(cache, "/" + narinfo.url, packed + "x").status, 422);
  EXPECT_EQ(put(cache, "/" + narinfo.url, packed).status, 201);
  EXPECT_EQ(get_from_cache(cache, "/" + narinfo.url).status, 404) << "it is only staged";
  EXPECT_EQ(put(cache, narinfo_target(path("new")), text).status, 201);
  EXPECT_TRUE(store().is_valid(path("new")));
  EXPECT_TRUE(std::filesystem::is_empty(location().own_state() / "cache-uploads/nar"));
  EXPECT_EQ(get_from_cache(cache, narinfo_target(path("new"))).status, 200);

  narinfo.info.path = path("above", '2');
  narinfo.info.references = {path("missing", '4')};
  const auto above = print_narinfo(StoreDir::nix(), narinfo);
  EXPECT_EQ(put(cache, "/" + narinfo.url, packed).status, 201);
  const auto refused = put(cache, narinfo_target(narinfo.info.path), above);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("missing"));
  narinfo.info.references = {path("new")};
  narinfo.info.nar_hash = Hash(HashAlgorithm::sha256);
  EXPECT_EQ(
      put(cache, narinfo_target(narinfo.info.path), print_narinfo(StoreDir::nix(), narinfo)).status,
      422);
  EXPECT_FALSE(store().is_valid(narinfo.info.path));
  expect_tidy();
}

TEST_F(CacheStoreTest, RemovesNothingThatAWrongNarInfoNames) {
  const auto object = add(path("obj"), "content");
  write_file(directory() / "precious", "mine");
  NarInfo narinfo{
      info_of(object, nar_of("content")), "../../../../precious", NarCompression::none, {}, {}};
  put(taking_server(), narinfo_target(object), print_narinfo(StoreDir::nix(), narinfo));
  EXPECT_TRUE(std::filesystem::exists(directory() / "precious"));
}

}  // namespace
}  // namespace grange
