#include <thread>

#include <gmock/gmock.h>

#include "derivation/content_address.h"
#include "store/binary_cache.h"
#include "store/copy.h"
#include "store/directory_storage.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

using testing::HasSubstr;

class QuietCopy final : public CopyObserver {
 public:
  void planned(std::size_t paths, std::uint64_t bytes) override {
    planned_paths = paths;
    planned_bytes = bytes;
  }
  void moved(std::uint64_t bytes) override { moved_bytes += bytes; }
  void copied(const PathInfo& info) override { order.push_back(info.path); }

  std::size_t planned_paths = 0;
  std::uint64_t planned_bytes = 0, moved_bytes = 0;
  std::vector<StorePath> order;
};

/// A store with a little closure: app → lib → libc (which mentions itself), data.
class StoreCopyTest : public StoreTest {
 protected:
  StoreCopyTest() {
    add("libc", std::string(100'000, 'c'), {}, true);
    add("lib", "lib", {path("libc")});
    add("data", "data", {});
    add("app", "app", {path("lib"), path("data")});
  }

  /// Digests that differ, as those of all real paths do: a cache goes by them.
  static StorePath path(const std::string& name) {
    return make_text_path(StoreDir::nix(), name, name, {});
  }

  void add(const std::string& name, std::string_view content, const std::set<StorePath>& references,
           bool to_itself = false) {
    const auto nar = nar_of(content);
    auto info = info_of(path(name), nar, references);
    if (to_itself) info.references.insert(info.path);
    StringSource source(nar);
    store().add_nar(info, source);
  }

  std::unique_ptr<BinaryCache> cache(const BinaryCacheOptions& options = {}) {
    return BinaryCache::open(
        open_directory_storage(directory() / "cache", {.sync = false, .create = true}), options,
        StoreDir::nix());
  }

  std::unique_ptr<LocalStore> other_store(const std::string& name) {
    return LocalStore::open(StoreLocation::at_root(directory() / name), quick());
  }

  QuietCopy observer_;
};

TEST_F(StoreCopyTest, GoesThroughACacheAndBack) {
  for (const auto compression :
       {NarCompression::none, NarCompression::xz, NarCompression::zstd, NarCompression::bzip2}) {
    BinaryCacheOptions options;
    options.compression = compression;
    options.listings = true;
    const auto there =
        BinaryCache::open(open_directory_storage(directory() / std::string(to_string(compression)),
                                                 {.sync = false, .create = true}),
                          options, StoreDir::nix());
    QuietCopy observer;
    const auto result = copy_closure(store(), *there, {path("app")}, {.jobs = 2}, observer, {});
    EXPECT_EQ(result.paths, 4U);
    EXPECT_EQ(observer.moved_bytes, observer.planned_bytes);
    EXPECT_EQ(observer.order.back(), path("app"));
    const auto narinfo = there->narinfo(path("libc"));
    ASSERT_TRUE(narinfo);
    EXPECT_TRUE(narinfo->info.references.contains(path("libc")));
    EXPECT_EQ(narinfo->url.ends_with(std::string(".nar") + std::string(file_suffix(compression))),
              true);
    const auto other = other_store("from-" + std::string(to_string(compression)));
    QuietCopy back;
    copy_closure(*there, *other, {path("app")}, {.jobs = 2}, back, {});
    EXPECT_EQ(back.order.size(), 4U);
    EXPECT_EQ(other->closure({path("app")}).size(), 4U);
    EXPECT_TRUE(other->verify(true, {}).empty());
    EXPECT_EQ(there->all_paths().size(), 4U);
  }
}

TEST_F(StoreCopyTest, WhatIsThereIsNotCopiedAgain) {
  const auto there = cache();
  copy_closure(store(), *there, {path("lib")}, {}, observer_, {});
  EXPECT_EQ(observer_.planned_paths, 2U);
  QuietCopy again;
  copy_closure(store(), *cache(), {path("app"), path("lib")}, {}, again, {});
  EXPECT_EQ(again.planned_paths, 2U);
  EXPECT_EQ(again.order, (std::vector{path("data"), path("app")}));
}

TEST_F(StoreCopyTest, NothingIsVisibleBeforeWhatItRefersTo) {
  const auto there = cache();
  const auto info = *store().path_info(path("app"));
  const auto nar = store().open_nar(path("app"));
  try {
    there->add(info, *nar);
    FAIL();
  } catch (const InvalidError& error) {
    EXPECT_THAT(error.what(), HasSubstr("its reference '/nix/store/"));
  }
  EXPECT_TRUE(there->all_paths().empty());
}

TEST_F(StoreCopyTest, ANarThatIsNotWhatWasPromisedLeavesNothing) {
  const auto there = cache();
  auto info = *store().path_info(path("data"));
  info.nar_size += 8;
  EXPECT_THROW(there->add(info, *store().open_nar(path("data"))), CorruptError);
  info = *store().path_info(path("data"));
  info.nar_hash = hash_bytes(HashAlgorithm::sha256, "other");
  EXPECT_THROW(there->add(info, *store().open_nar(path("data"))), CorruptError);
  EXPECT_THROW(there->add(*store().path_info(path("data")),
                          *nar_from_source(std::make_unique<StringSource>("no nar"))),
               CorruptError);
  EXPECT_TRUE(there->all_paths().empty());
  for (const auto& entry : std::filesystem::directory_iterator(directory() / "cache")) {
    EXPECT_EQ(entry.path().filename(), "nix-cache-info");
  }
}

TEST_F(StoreCopyTest, SignaturesDecideWhatAStoreTakes) {
  const auto key = SecretKey::generate("cache-1");
  BinaryCacheOptions options;
  options.keys.push_back(key);
  copy_closure(store(), *cache(options), {path("app")}, {}, observer_, {});
  const auto other = other_store("other");
  Trust trust;
  EXPECT_THROW(copy_closure(*cache(), *other, {path("app")}, {1, trust}, observer_, {}),
               DeniedError);
  trust.keys.add(SecretKey::generate("cache-1").public_key());
  EXPECT_THROW(copy_closure(*cache(), *other, {path("app")}, {1, trust}, observer_, {}),
               DeniedError);
  EXPECT_TRUE(other->all_valid_paths().empty());
  trust.keys.add(key.public_key());
  copy_closure(*cache(), *other, {path("app")}, {1, trust}, observer_, {});
  EXPECT_EQ(other->all_valid_paths().size(), 4U);
  EXPECT_EQ(other->path_info(path("app"))->signatures.size(), 1U);
}

TEST_F(StoreCopyTest, ContentAddressedPathsNeedNoSignature) {
  const auto text = store().add_text("note", "text", {});
  const auto other = other_store("other");
  copy_closure(store(), *other, {text}, {1, Trust{}}, observer_, {});
  EXPECT_TRUE(other->is_valid(text));
}

TEST_F(StoreCopyTest, BrokenObjectsOfACacheAreRefused) {
  const auto there = cache();
  copy_closure(store(), *there, {path("data")}, {}, observer_, {});
  const auto file = directory() / "cache" / (std::string(path("data").hash_part()) + ".narinfo");
  const auto good = read_file(file);
  const auto other = other_store("other");
  const auto expect_refused = [&](const std::string& narinfo) {
    write_file(file, narinfo);
    EXPECT_THROW(copy_closure(*cache(), *other, {path("data")}, {}, observer_, {}), CorruptError)
        << narinfo;
  };
  const auto url = good.substr(good.find("URL: "), good.find("Compression") - good.find("URL: "));
  const auto with_url = [&](const std::string& text) {
    auto changed = good;
    return changed.replace(changed.find(url), url.size(), "URL: " + text + "\n");
  };
  expect_refused(with_url("../../etc/passwd"));
  expect_refused(with_url("/etc/passwd"));
  expect_refused(with_url("nix-cache-info"));
  expect_refused(good.substr(0, good.size() / 2));
  write_file(file, with_url("nar/none.nar.xz"));
  EXPECT_THROW(copy_closure(*cache(), *other, {path("data")}, {}, observer_, {}), NotFoundError);
  // Another path of the same digest is not what was asked for.
  auto renamed = good;
  renamed.replace(renamed.find("-data"), 5, "-datb");
  write_file(file, renamed);
  EXPECT_THROW(copy_closure(*cache(), *other, {path("data")}, {}, observer_, {}), NotFoundError);
  EXPECT_TRUE(other->all_valid_paths().empty());
}

TEST_F(StoreCopyTest, RealisationsComeWithWhatTheyDependOn) {
  const auto id = [](char digit) {
    return DrvOutput::parse("sha256:" + std::string(64, digit) + "!out");
  };
  store().register_realisations({{id('1'), path("lib"), {}, {}}});
  store().register_realisations({{id('2'), path("app"), {}, {{id('1'), path("lib")}}}});
  const auto key = SecretKey::generate("cache-1");
  BinaryCacheOptions options;
  options.keys.push_back(key);
  const auto there = cache(options);
  const auto result = copy_realised(store(), *there, {id('2')}, {}, observer_, {});
  EXPECT_EQ(result.paths, 4U);
  EXPECT_EQ(result.realisations, 2U);
  const auto other = other_store("other");
  Trust trust;
  EXPECT_THROW(copy_realised(*cache(), *other, {id('2')}, {1, trust}, observer_, {}), DeniedError);
  EXPECT_TRUE(other->all_valid_paths().empty());
  trust.keys.add(key.public_key());
  copy_realised(*cache(), *other, {id('2')}, {1, trust}, observer_, {});
  EXPECT_EQ(other->realisations({id('1'), id('2')}).size(), 2U);
  EXPECT_THROW(copy_realised(*cache(), *other, {id('3')}, {}, observer_, {}), NotFoundError);
  // The first one stays; the other is told of.
  const auto late = there->register_realisations({{id('2'), path("data"), {}, {}}});
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].kept, path("app"));
}

TEST_F(StoreCopyTest, ACacheOfAnotherStoreDirectoryIsRefused) {
  grange::create_directories(directory() / "cache");
  write_file(directory() / "cache/nix-cache-info", "StoreDir: /gnu/store\n");
  EXPECT_THROW(cache(), InvalidError);
  write_file(directory() / "cache/nix-cache-info", "StoreDir: gnu\n");
  EXPECT_THROW(cache(), CorruptError);
  write_file(directory() / "cache/nix-cache-info",
             "Odd\nStoreDir:  /nix/store \nPriority: 30\nWantMassQuery: 1\nNew: x\n");
  EXPECT_EQ(cache()->info().priority, 30);
  EXPECT_TRUE(cache()->info().mass_queries);
}

TEST_F(StoreCopyTest, ManyPathsFromManyThreads) {
  std::set<StorePath> all;
  for (int i = 0; i < 60; ++i) {
    const auto name = "p" + std::to_string(i);
    std::set<StorePath> references;
    if (i > 0) references.insert(path("p" + std::to_string(i / 2)));
    if (i > 3) references.insert(path("p" + std::to_string(i - 3)));
    add(name, std::string(static_cast<std::size_t>(i * 1000), 'x'), references);
    all.insert(path(name));
  }
  BinaryCacheOptions options;
  options.compression = NarCompression::zstd;
  copy_closure(store(), *cache(options), all, {.jobs = 8}, observer_, {});
  std::set<StorePath> seen;
  for (const auto& copied : observer_.order) {
    const auto info = store().path_info(copied);
    for (const auto& reference : info->references) {
      EXPECT_TRUE(seen.contains(reference) || reference == copied);
    }
    seen.insert(copied);
  }
  EXPECT_EQ(seen, all);
}

/// The rest of a NAR is told of at its end, where telling finds that all is over.
TEST_F(StoreCopyTest, CanBeStoppedWithinANar) {
  class StoppingCopy final : public CopyObserver {
   public:
    void planned(std::size_t, std::uint64_t) override {}
    /// From another thread, as a user does: whoever tells us holds the copying's lock.
    void moved(std::uint64_t) override {
      stopper = std::jthread([this] { stop.request_stop(); });
      while (!stop.stop_requested()) std::this_thread::yield();
    }
    void copied(const PathInfo&) override { copied_any = true; }
    std::stop_source stop;
    bool copied_any = false;
    std::jthread stopper;
  };
  add("large", std::string((std::size_t{1} << 20) + 500'000, 'l'), {});
  StoppingCopy observer;
  EXPECT_THROW(
      copy_closure(store(), *cache(), {path("large")}, {}, observer, observer.stop.get_token()),
      CancelledError);
  EXPECT_FALSE(observer.copied_any);
  EXPECT_TRUE(cache()->path_infos({path("large")}).empty());
}

TEST_F(StoreCopyTest, CanBeStopped) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(copy_closure(store(), *cache(), {path("app")}, {}, observer_, stop.get_token()),
               CancelledError);
}

}  // namespace
}  // namespace grange
