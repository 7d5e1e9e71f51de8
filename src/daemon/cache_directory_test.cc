#include "daemon/cache_directory.h"

#include <gmock/gmock.h>

#include "base/compression.h"
#include "base/file.h"
#include "daemon/cache_test_support.h"

namespace grange {
namespace {

using testing::HasSubstr;

/// A directory, and a path that can be put into it.
class CacheDirectoryTest : public testing::Test {
 protected:
  CacheServer server(CacheDirectory::Options options = {}) {
    CacheServerOptions more;
    more.tokens = UploadTokens::parse("token");
    options.uploads = true;
    std::vector<std::unique_ptr<CacheSite>> sites;
    sites.push_back(std::make_unique<CacheDirectory>(directory(), std::move(options)));
    return {std::move(sites), std::move(more)};
  }
  std::filesystem::path directory() const { return temporary_.path() / "cache"; }

  static CacheAnswer put(const CacheServer& server, const std::string& target,
                         const std::string& body) {
    return ask_cache(server, RequestMethod::put, target, {{"Authorization", "Bearer token"}}, body);
  }

  static StorePath some_path(char digit) {
    return StorePath::parse(std::string(32, digit) + "-object");
  }
  static std::string file_of(char digit) {
    return compress(Compression::zstd, std::string(50, digit));
  }
  static NarInfo narinfo_of(char digit, const std::set<StorePath>& references = {}) {
    const auto file = file_of(digit);
    PathInfo info(some_path(digit), hash_bytes(HashAlgorithm::sha256, std::string(50, digit)));
    info.nar_size = 50;
    info.references = references;
    const auto hash = hash_bytes(HashAlgorithm::sha256, file);
    return {info, "nar/" + hash.digits(HashFormat::nix32) + ".nar.zst", NarCompression::zstd, hash,
            file.size()};
  }
  static std::string text_of(const NarInfo& narinfo) {
    return print_narinfo(StoreDir::nix(), narinfo);
  }
  static std::string target_of(const NarInfo& narinfo) {
    return "/" + std::string(narinfo.info.path.hash_part()) + ".narinfo";
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(CacheDirectoryTest, TakesWhatComesInOrder) {
  const auto cache = server();
  const auto narinfo = narinfo_of('1');
  EXPECT_EQ(put(cache, target_of(narinfo), text_of(narinfo)).status, 409);
  EXPECT_EQ(get_from_cache(cache, target_of(narinfo)).status, 404);
  EXPECT_EQ(put(cache, "/" + narinfo.url, file_of('1')).status, 201);
  EXPECT_EQ(put(cache, target_of(narinfo), text_of(narinfo)).status, 201);
  const auto seen = get_from_cache(cache, target_of(narinfo));
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, text_of(narinfo));
  EXPECT_TRUE(get_from_cache(cache, target_of(narinfo)).at_once);
  EXPECT_EQ(get_from_cache(cache, "/" + narinfo.url).body, file_of('1'));

  const auto above = narinfo_of('2', {some_path('3'), some_path('1'), some_path('2')});
  EXPECT_EQ(put(cache, "/" + above.url, file_of('2')).status, 201);
  const auto refused = put(cache, target_of(above), text_of(above));
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr(some_path('3').base_name()));
  EXPECT_EQ(put(cache, "/" + narinfo_of('3').url, file_of('3')).status, 201);
  EXPECT_EQ(put(cache, target_of(narinfo_of('3')), text_of(narinfo_of('3'))).status, 201);
  EXPECT_EQ(put(cache, target_of(above), text_of(above)).status, 201);
}

TEST_F(CacheDirectoryTest, SeesWhatOthersChange) {
  const auto cache = server();
  auto narinfo = narinfo_of('1');
  put(cache, "/" + narinfo.url, file_of('1'));
  put(cache, target_of(narinfo), text_of(narinfo));
  get_from_cache(cache, target_of(narinfo));
  EXPECT_EQ(get_from_cache(cache, target_of(narinfo)).body, text_of(narinfo));
  narinfo.info.signatures = {"key:c2ln"};
  write_file(directory() / target_of(narinfo).substr(1), text_of(narinfo));
  const auto changed = get_from_cache(cache, target_of(narinfo));
  EXPECT_EQ(changed.body, text_of(narinfo));
  std::filesystem::remove(directory() / target_of(narinfo).substr(1));
  EXPECT_EQ(get_from_cache(cache, target_of(narinfo)).status, 404);
}

TEST_F(CacheDirectoryTest, RefusesWhatIsNotWhatItSays) {
  const auto cache = server();
  const auto narinfo = narinfo_of('1');
  EXPECT_EQ(put(cache, "/" + narinfo.url, file_of('2')).status, 422);
  EXPECT_EQ(put(cache, "/nar/name.nar.xz", "x").status, 422);
  EXPECT_EQ(get_from_cache(cache, "/" + narinfo.url).status, 404);
  EXPECT_EQ(put(cache, "/" + narinfo.url, file_of('1')).status, 201);
  EXPECT_EQ(put(cache, target_of(narinfo), "nonsense").status, 422);
  EXPECT_EQ(put(cache, target_of(narinfo_of('2')), text_of(narinfo)).status, 422);
  auto wrong = narinfo;
  wrong.file_size = *narinfo.file_size + 1;
  EXPECT_EQ(put(cache, target_of(wrong), text_of(wrong)).status, 422);
  wrong = narinfo;
  wrong.file_hash = Hash(HashAlgorithm::sha256);
  EXPECT_EQ(put(cache, target_of(wrong), text_of(wrong)).status, 422);
  wrong = narinfo;
  wrong.url = "../" + narinfo.url;
  EXPECT_EQ(put(cache, target_of(wrong), text_of(wrong)).status, 422);
  EXPECT_EQ(put(cache, "/nix-cache-info", "StoreDir: /gnu/store\n").status, 409);
  EXPECT_EQ(put(cache, "/nix-cache-info", "StoreDir: /nix/store\n").status, 201);
  EXPECT_EQ(get_from_cache(cache, target_of(narinfo)).status, 404);
}

TEST_F(CacheDirectoryTest, TakesUploadsOnlyFromWhoMay) {
  const auto cache = server();
  const auto url = "/" + narinfo_of('1').url;
  EXPECT_EQ(ask_cache(cache, RequestMethod::put, url, {}, file_of('1')).status, 401);
  EXPECT_EQ(ask_cache(cache, RequestMethod::put, url, {{"Authorization", "Bearer x"}}, file_of('1'))
                .status,
            401);
  EXPECT_EQ(ask_cache(cache, RequestMethod::put, url,
                      {{"Authorization", "Bearer token"}, {"Content-Encoding", "br"}}, file_of('1'))
                .status,
            415);
  EXPECT_FALSE(std::filesystem::exists(directory() / "nar"));
  std::vector<std::unique_ptr<CacheSite>> sites;
  sites.push_back(std::make_unique<CacheDirectory>(directory(), CacheDirectory::Options{}));
  const CacheServer reading(std::move(sites), {});
  EXPECT_EQ(put(reading, url, file_of('1')).status, 403);
}

TEST_F(CacheDirectoryTest, KeepsTheFirstRealisation) {
  const auto cache = server();
  const auto narinfo = narinfo_of('1');
  const DrvOutput id{sha256("x"), "out"};
  const Realisation realisation{id, some_path('1'), {}};
  const auto target = "/realisations/" + id.to_string() + ".doi";
  EXPECT_EQ(put(cache, target, realisation.to_json()).status, 409);
  put(cache, "/" + narinfo.url, file_of('1'));
  put(cache, target_of(narinfo), text_of(narinfo));
  EXPECT_EQ(put(cache, target, "{}").status, 422);
  EXPECT_EQ(put(cache, target, realisation.to_json()).status, 201);
  EXPECT_EQ(get_from_cache(cache, target).body, realisation.to_json());
  put(cache, "/" + narinfo_of('2').url, file_of('2'));
  put(cache, target_of(narinfo_of('2')), text_of(narinfo_of('2')));
  EXPECT_EQ(put(cache, target, Realisation{id, some_path('2'), {}}.to_json()).status, 409);
}

TEST_F(CacheDirectoryTest, KeepsLogsAndListings) {
  const auto cache = server();
  const std::string log = "/log/" + std::string(32, '0') + "-x.drv";
  EXPECT_EQ(put(cache, log, "made").status, 201);
  EXPECT_EQ(get_from_cache(cache, log).body, "made");
  const std::string listing = "/" + std::string(32, '0') + ".ls";
  EXPECT_EQ(put(cache, listing, "{}").status, 201);
  EXPECT_EQ(get_from_cache(cache, listing).fields.get("Content-Type"), "application/json");
}

TEST_F(CacheDirectoryTest, SignsOnTheWay) {
  CacheDirectory::Options options;
  options.keys = {SecretKey::generate("one-1")};
  TrustedKeys keys;
  keys.add(options.keys[0].public_key());
  const auto cache = server(std::move(options));
  const auto narinfo = narinfo_of('1');
  put(cache, "/" + narinfo.url, file_of('1'));
  put(cache, target_of(narinfo), text_of(narinfo));
  for (const bool at_once : {false, true}) {
    const auto seen = get_from_cache(cache, target_of(narinfo));
    EXPECT_EQ(seen.at_once, at_once);
    const auto info = parse_narinfo(StoreDir::nix(), seen.body).info;
    EXPECT_TRUE(keys.accepts(path_fingerprint(StoreDir::nix(), info),
                             {info.signatures.begin(), info.signatures.end()}));
  }
}

TEST_F(CacheDirectoryTest, AnswersConditionsAndRanges) {
  const auto cache = server();
  const auto narinfo = narinfo_of('1');
  put(cache, "/" + narinfo.url, file_of('1'));
  const auto nar = get_from_cache(cache, "/" + narinfo.url);
  EXPECT_EQ(get_from_cache(cache, "/" + narinfo.url, {{"Range", "bytes=2-5"}}).body,
            file_of('1').substr(2, 4));
  const std::string tag(nar.fields.get("ETag"));
  EXPECT_EQ(get_from_cache(cache, "/" + narinfo.url, {{"If-None-Match", tag}}).status, 304);
}

}  // namespace
}  // namespace grange
