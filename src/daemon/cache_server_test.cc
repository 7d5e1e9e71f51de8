#include "daemon/cache_server.h"

#include <gmock/gmock.h>

#include "daemon/cache_directory.h"
#include "daemon/cache_index_page.h"
#include "daemon/cache_test_support.h"

namespace grange {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Has what it is told to have.
class SampleSite final : public CacheSite {
 public:
  explicit SampleSite(std::string key, std::string text, bool at_hand,
                      const StoreDir& store = StoreDir::nix())
      : key_(std::move(key)), text_(std::move(text)), at_hand_(at_hand), store_(store) {}

  const StoreDir& store_dir() const override { return store_; }
  CacheGlance glance(const CacheName& name) override {
    if (!at_hand_) return {};
    if (name.key != key_) return {CacheGlance::State::has_not};
    return {CacheGlance::State::has, *find(name)};
  }
  std::optional<ServerResponse> find(const CacheName& name) override {
    if (name.key != key_) return std::nullopt;
    return text_response(200, text_);
  }
  ServerResponse put(const CacheName&, HandlerCall&) override { return {}; }

 private:
  std::string key_;
  std::string text_;
  bool at_hand_;
  StoreDir store_;
};

TEST(CacheServerTest, AsksItsSitesInOrder) {
  for (const bool first : {true, false}) {
    for (const bool second : {true, false}) {
      std::vector<std::unique_ptr<CacheSite>> sites;
      sites.push_back(std::make_unique<SampleSite>("nar/a", "one", first));
      sites.push_back(std::make_unique<SampleSite>("nar/a", "two", second));
      sites.push_back(std::make_unique<SampleSite>("nar/b", "three", second));
      const CacheServer cache(std::move(sites), {});
      EXPECT_EQ(get_from_cache(cache, "/nar/a").body, "one\n");
      EXPECT_EQ(get_from_cache(cache, "/nar/a").at_once, first);
      EXPECT_EQ(get_from_cache(cache, "/nar/b").body, "three\n");
      EXPECT_EQ(get_from_cache(cache, "/nar/b").at_once, first && second);
      EXPECT_EQ(get_from_cache(cache, "/nar/c").status, 404);
    }
  }
}

TEST(CacheServerTest, HasOneStoreDirectory) {
  std::vector<std::unique_ptr<CacheSite>> sites;
  EXPECT_THROW(CacheServer({}, {}), InvalidError);
  sites.push_back(std::make_unique<SampleSite>("a", "one", true));
  sites.push_back(std::make_unique<SampleSite>("a", "one", true, StoreDir::parse("/gnu/store")));
  EXPECT_THROW(CacheServer(std::move(sites), {}), InvalidError);
}

CacheServer sample_server(CacheServerOptions options = {}) {
  std::vector<std::unique_ptr<CacheSite>> sites;
  sites.push_back(std::make_unique<SampleSite>("nar/a", "one", true));
  return {std::move(sites), std::move(options)};
}

TEST(CacheServerTest, SaysWhatItIs) {
  CacheServerOptions options;
  options.priority = 17;
  const auto cache = sample_server(std::move(options));
  EXPECT_EQ(get_from_cache(cache, "/nix-cache-info").body,
            "StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 17\n");
  EXPECT_EQ(get_from_cache(cache, "/nix-cache-info").fields.get("Content-Type"),
            "text/x-nix-cache-info");
}

TEST(CacheServerTest, SaysWhatIsWrong) {
  const auto cache = sample_server();
  EXPECT_EQ(get_from_cache(cache, "/abc.narinfo").status, 400);
  EXPECT_THAT(get_from_cache(cache, "/abc.narinfo").body, HasSubstr("32 digits"));
  EXPECT_EQ(get_from_cache(cache, "/nar/.x").status, 400);
  EXPECT_EQ(get_from_cache(cache, "/unknown").status, 404);
  EXPECT_EQ(ask_cache(cache, RequestMethod::post, "/nar/a").status, 405);
  EXPECT_EQ(ask_cache(cache, RequestMethod::erase, "/nar/a").fields.get("Allow"),
            "GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(ask_cache(cache, RequestMethod::options, "/nar/a").status, 204);
  EXPECT_EQ(ask_cache(cache, RequestMethod::put, "/nar/a").status, 403);
}

TEST(CacheServerTest, TellsEveryRequest) {
  std::vector<std::string> lines;
  CacheServerOptions options;
  options.access_log = [&](const ServerRequest& request, int status) {
    lines.push_back(request.target.path + " " + std::to_string(status));
  };
  const auto cache = sample_server(std::move(options));
  get_from_cache(cache, "/nar/a");
  get_from_cache(cache, "/nar/b");
  EXPECT_THAT(lines, testing::ElementsAre("/nar/a 200", "/nar/b 404"));
}

TEST(CacheIndexPageTest, EscapesWhatOthersSay) {
  CacheServerOptions options;
  const auto key = SecretKey::generate("<key>-1").public_key();
  options.public_keys = {key};
  const auto cache = sample_server(std::move(options));
  const auto page = get_from_cache(cache, "/", {{"Host", "\"><script>x</script>"}});
  EXPECT_EQ(page.fields.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, Not(HasSubstr("<script>")));
  EXPECT_THAT(page.body, HasSubstr("&quot;&gt;&lt;script&gt;"));
  EXPECT_THAT(page.body, HasSubstr(escape_html(key.to_string())));
  EXPECT_THAT(page.body, HasSubstr("extra-substituters"));
  EXPECT_EQ(escape_html("a&b'c"), "a&amp;b&#39;c");
}

}  // namespace
}  // namespace grange
