#include "store/lookup_cache.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/file.h"
#include "store/directory_storage.h"

namespace grange {
namespace {

using Answer = LookupCache::Answer;

class LookupCacheTest : public testing::Test {
 protected:
  std::shared_ptr<LookupCache> open() {
    LookupCacheOptions options;
    options.file = file();
    return std::make_shared<LookupCache>(
        options, clock_, [this](const std::string& problem) { problems_.push_back(problem); });
  }
  std::filesystem::path file() const { return directory_.path() / "state" / "lookups.sqlite"; }
  std::optional<Answer> find(LookupCache& cache, const std::string& key) {
    return cache.find("http://c", {key})[0];
  }

  TemporaryDirectory directory_;
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::vector<std::string> problems_;
};

TEST_F(LookupCacheTest, RemembersUntilItIsTooLongAgo) {
  clock_->advance(std::chrono::hours(1000));
  auto cache = open();
  EXPECT_FALSE(find(*cache, "a.narinfo"));
  cache->remember("http://c",
                  {{"a.narinfo", "text"}, {"b.narinfo", std::nullopt}, {"nix-cache-info", "i"}});
  cache = open();
  EXPECT_EQ(find(*cache, "a.narinfo"), Answer("text"));
  EXPECT_EQ(find(*cache, "b.narinfo"), std::optional<Answer>(Answer()));
  EXPECT_FALSE(cache->find("http://other", {"a.narinfo"})[0]);
  clock_->advance(std::chrono::minutes(61));
  EXPECT_FALSE(find(*cache, "b.narinfo"));
  clock_->advance(std::chrono::hours(8 * 24));
  EXPECT_FALSE(find(*cache, "nix-cache-info"));
  EXPECT_EQ(find(*cache, "a.narinfo"), Answer("text"));
  clock_->advance(std::chrono::hours(23 * 24));
  EXPECT_FALSE(find(*cache, "a.narinfo"));
  EXPECT_TRUE(problems_.empty());
}

TEST_F(LookupCacheTest, DoesNotBelieveTheFuture) {
  clock_->advance(std::chrono::hours(1000));
  open()->remember("http://c", {{"a.narinfo", "text"}});
  *clock_ = FakeClock();
  EXPECT_FALSE(find(*open(), "a.narinfo"));
}

TEST_F(LookupCacheTest, Forgets) {
  const auto cache = open();
  cache->remember("http://c", {{"a.narinfo", "text"}});
  cache->forget("http://c", "a.narinfo");
  EXPECT_FALSE(find(*cache, "a.narinfo"));
}

TEST_F(LookupCacheTest, BeginsABrokenFileAnew) {
  grange::create_directories(file().parent_path());
  write_file(file(), std::string(10'000, 'x'));
  const auto cache = open();
  cache->remember("http://c", {{"a.narinfo", "text"}});
  EXPECT_EQ(find(*cache, "a.narinfo"), Answer("text"));
  EXPECT_TRUE(problems_.empty());
}

TEST_F(LookupCacheTest, GoesOnWithoutAFile) {
  write_file(directory_.path() / "state", "a file in the way");
  const auto cache = open();
  cache->remember("http://c", {{"a.narinfo", "text"}});
  EXPECT_FALSE(find(*cache, "a.narinfo"));
  EXPECT_EQ(problems_.size(), 1U);
}

TEST_F(LookupCacheTest, SeveralMayUseItAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      LookupCacheOptions options;
      options.file = file();
      LookupCache cache(options, clock_, nullptr);
      for (int n = 0; n < 20; ++n) {
        cache.remember("http://c", {{std::to_string(i) + "-" + std::to_string(n), "text"}});
      }
    });
  }
  threads.clear();
  const auto cache = open();
  for (int i = 0; i < 4; ++i) {
    for (int n = 0; n < 20; ++n) {
      EXPECT_TRUE(find(*cache, std::to_string(i) + "-" + std::to_string(n)));
    }
  }
}

TEST_F(LookupCacheTest, AStorageAsksOnceOnly) {
  const auto place = directory_.path() / "cache";
  const auto lookups = open();
  const auto storage =
      remember_lookups(open_directory_storage(place, {.create = true}), lookups, true);
  write_file(place / "a.narinfo", "one");
  EXPECT_EQ(storage->read("a.narinfo", 100), "one");
  EXPECT_FALSE(storage->read("b.narinfo", 100));
  EXPECT_FALSE(storage->read("nix-cache-info", 100));
  for (const auto* name : {"a.narinfo", "b.narinfo", "nix-cache-info", "log"}) {
    write_file(place / name, "two");
  }
  EXPECT_EQ(storage->read("a.narinfo", 100), "one");
  EXPECT_FALSE(storage->has("b.narinfo"));
  EXPECT_EQ(storage->read("nix-cache-info", 100), "two");
  EXPECT_EQ(storage->read("log", 100), "two");
  storage->forget("a.narinfo");
  EXPECT_EQ(storage->read("a.narinfo", 100), "two");
  storage->write("b.narinfo", "three", "");
  std::filesystem::remove(place / "b.narinfo");
  EXPECT_EQ(storage->read("b.narinfo", 100), "three");
  // Who writes asks again.
  const auto writer = remember_lookups(open_directory_storage(place), lookups, false);
  EXPECT_FALSE(writer->has("b.narinfo"));
}

}  // namespace
}  // namespace grange
