#include "store/substituters.h"

#include "derivation/content_address.h"
#include "store/binary_cache.h"
#include "store/copy.h"
#include "store/directory_storage.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

/// Local stores as substituters: each is its own kind of trouble.
class SubstitutersTest : public StoreTest {
 protected:
  static StorePath path(const std::string& name) {
    return make_text_path(StoreDir::nix(), name, name, {});
  }
  static DrvOutput id(char digit) {
    return DrvOutput::parse("sha256:" + std::string(64, digit) + "!out");
  }

  std::shared_ptr<LocalStore> source(const std::string& name) {
    return LocalStore::open(StoreLocation::at_root(directory() / name), quick());
  }
  static void put(LocalStore& store, const std::string& name,
                  const std::set<StorePath>& references = {}, const SecretKey* key = nullptr) {
    const auto nar = nar_of(name);
    auto info = info_of(path(name), nar, references);
    if (key != nullptr) {
      info.signatures.push_back(key->sign(path_fingerprint(StoreDir::nix(), info)));
    }
    StringSource bytes(nar);
    store.add_nar(info, bytes);
  }

  Substituters make(std::vector<Substituter> from, const TrustedKeys& keys = {}) {
    return Substituters(std::move(from), keys, 2,
                        [this](const std::string& problem) { warnings_.push_back(problem); });
  }

  /// What whoever asked hears.
  class Heard final : public FetchObserver {
   public:
    std::unique_ptr<Copy> copying(const StorePath& path, std::uint64_t nar_size,
                                  const std::string& from) override {
      const MutexLock lock(mutex_);
      sizes_[std::string(path.name())] = nar_size;
      from_[std::string(path.name())] = from;
      return std::make_unique<HeardCopy>(*this, std::string(path.name()));
    }
    void problem(const std::string& message) override {
      const MutexLock lock(mutex_);
      problems_.push_back(message);
    }
    std::map<std::string, std::uint64_t, std::less<>> sizes_;
    std::map<std::string, std::uint64_t, std::less<>> moved_;
    std::map<std::string, std::string, std::less<>> from_;
    std::set<std::string> ended_;
    std::vector<std::string> problems_;

   private:
    class HeardCopy final : public Copy {
     public:
      HeardCopy(Heard& all, std::string name) : all_(all), name_(std::move(name)) {}
      ~HeardCopy() override {
        const MutexLock lock(all_.mutex_);
        all_.ended_.insert(name_);
      }
      HeardCopy(const HeardCopy&) = delete;
      HeardCopy& operator=(const HeardCopy&) = delete;
      void moved(std::uint64_t bytes) override {
        const MutexLock lock(all_.mutex_);
        all_.moved_[name_] += bytes;
      }

     private:
      Heard& all_;
      std::string name_;
    };
    Mutex mutex_;
  };

  std::vector<std::string> warnings_;
};

TEST_F(SubstitutersTest, TheFirstByPriorityCounts) {
  const auto near = source("near");
  const auto far = source("far");
  put(*near, "a");
  put(*far, "a");
  put(*far, "b");
  auto substituters = make({{far, 50, true}, {near, 10, true}});
  std::filesystem::remove_all(far->real_path(path("a")));  // would fail, were it asked
  substituters.fetch_paths(store(), {path("a"), path("b"), path("c")}, {});
  EXPECT_TRUE(store().is_valid(path("a")));
  EXPECT_TRUE(store().is_valid(path("b")));
  EXPECT_FALSE(store().is_valid(path("c")));
  EXPECT_EQ(substituters.fetched().paths, 2U);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(SubstitutersTest, AClosureMayComeFromSeveral) {
  const auto one = source("one");
  const auto two = source("two");
  put(*one, "lib");
  put(*one, "app", {path("lib")});
  put(*two, "lib");
  std::filesystem::remove_all(one->real_path(path("lib")));
  auto substituters = make({{one, 1, true}, {two, 2, true}});
  substituters.fetch_paths(store(), {path("app")}, {});
  EXPECT_EQ(store().closure({path("app")}).size(), 2U);
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("could not be fetched"), std::string::npos);
}

TEST_F(SubstitutersTest, WhatIsNotBelievedIsNotTaken) {
  const auto key = SecretKey::generate("k");
  const auto from = source("from");
  put(*from, "signed", {}, &key);
  put(*from, "unsigned");
  put(*from, "above", {path("unsigned")}, &key);
  TrustedKeys keys;
  keys.add(key.public_key());
  auto substituters = make({{from, 0, false}}, keys);
  substituters.fetch_paths(store(), {path("signed"), path("unsigned"), path("above")}, {});
  EXPECT_EQ(store().all_valid_paths(), std::vector{path("signed")});
  ASSERT_EQ(warnings_.size(), 1U);
}

TEST_F(SubstitutersTest, RealisationsComeWhole) {
  const auto from = source("from");
  put(*from, "lib");
  put(*from, "app", {path("lib")});
  from->register_realisations({{id('1'), path("lib"), {}, {}}});
  from->register_realisations({{id('2'), path("app"), {}, {{id('1'), path("lib")}}}});
  auto substituters = make({{from, 0, true}});
  substituters.fetch_realisations(store(), {id('2'), id('3')}, {}, {});
  EXPECT_EQ(store().realisations({id('1'), id('2'), id('3')}).size(), 2U);
  EXPECT_TRUE(store().is_valid(path("app")));
  EXPECT_EQ(substituters.fetched().realisations, 2U);
}

TEST_F(SubstitutersTest, ARealisationThatContradictsWhatIsKnownIsNotTaken) {
  const auto from = source("from");
  put(*from, "lib");
  put(*from, "app", {path("lib")});
  from->register_realisations({{id('1'), path("lib"), {}, {}}});
  from->register_realisations({{id('2'), path("app"), {}, {{id('1'), path("lib")}}}});
  put(store(), "other");
  store().register_realisations({{id('1'), path("other"), {}, {}}});
  auto substituters = make({{from, 0, true}});
  substituters.fetch_realisations(store(), {id('2')}, {}, {});
  EXPECT_TRUE(store().realisations({id('2')}).empty());
  EXPECT_EQ(store().realisations({id('1')}).at(id('1')).out_path, path("other"));
}

TEST_F(SubstitutersTest, UnsignedRealisationsAreRefused) {
  const auto key = SecretKey::generate("k");
  const auto from = source("from");
  put(*from, "app", {}, &key);
  from->register_realisations({{id('2'), path("app"), {}, {}}});
  TrustedKeys keys;
  keys.add(key.public_key());
  auto substituters = make({{from, 0, false}}, keys);
  substituters.fetch_realisations(store(), {id('2')}, {}, {});
  EXPECT_TRUE(store().realisations({id('2')}).empty());
  EXPECT_TRUE(store().all_valid_paths().empty());
}

TEST_F(SubstitutersTest, WhoAsksHearsOfEachPath) {
  const auto from = source("from");
  put(*from, "lib");
  put(*from, "app", {path("lib")});
  auto substituters = make({{from, 0, true}});
  Heard heard;
  EXPECT_TRUE(substituters.fetch_paths(store(), {path("app")}, {}, &heard).empty());
  EXPECT_EQ(heard.from_.at("app"), from->describe());
  EXPECT_EQ(heard.sizes_.at("lib"), nar_of("lib").size());
  EXPECT_EQ(heard.moved_, heard.sizes_);
  EXPECT_EQ(heard.ended_, (std::set<std::string>{"app", "lib"}));
  EXPECT_TRUE(heard.problems_.empty());
}

TEST_F(SubstitutersTest, WhoAsksHearsOfWhatIsNotBelieved) {
  const auto from = source("from");
  put(*from, "a");
  auto substituters = make({{from, 0, false}});
  Heard heard;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(substituters.fetch_paths(store(), {path("a")}, {}, &heard).empty());
  }
  ASSERT_EQ(heard.problems_.size(), 2U);  // each time
  EXPECT_NE(heard.problems_[0].find("is not signed by any of the keys"), std::string::npos);
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(SubstitutersTest, WhatFailsIsTold) {
  const auto from = source("from");
  put(*from, "lib");
  put(*from, "app", {path("lib")});
  put(*from, "other");
  std::filesystem::remove_all(from->real_path(path("lib")));
  auto substituters = make({{from, 0, true}});
  const auto failed =
      substituters.fetch_paths(store(), {path("app"), path("other"), path("nobodys")}, {});
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed.begin()->first, path("app"));
  EXPECT_NE(failed.begin()->second.find("-lib' could not be fetched from"), std::string::npos);
  from->register_realisations({{id('1'), path("lib"), {}, {}}});
  from->register_realisations({{id('2'), path("other"), {}, {{id('1'), path("lib")}}}});
  const auto ids = substituters.fetch_realisations(store(), {id('2'), id('3')}, {}, {});
  ASSERT_EQ(ids.size(), 1U);
  EXPECT_EQ(ids.begin()->first, id('2'));
}

TEST_F(SubstitutersTest, WhatAnotherHasHasNotFailed) {
  const auto one = source("one");
  const auto two = source("two");
  put(*one, "a");
  put(*two, "a");
  std::filesystem::remove_all(one->real_path(path("a")));
  auto substituters = make({{one, 1, true}, {two, 2, true}});
  EXPECT_TRUE(substituters.fetch_paths(store(), {path("a")}, {}).empty());
  EXPECT_TRUE(store().is_valid(path("a")));
}

TEST_F(SubstitutersTest, RealisationsMayHaveTheNewerForm) {
  const auto key = SecretKey::generate("k");
  const auto nar = nar_of("app");
  const auto from = std::shared_ptr<BinaryCache>(
      BinaryCache::open(open_directory_storage(directory() / "cache", {.create = true}), {}));
  auto info = info_of(path("app"), nar);
  info.signatures.push_back(key.sign(path_fingerprint(StoreDir::nix(), info)));
  from->add(info, *nar_from_source(std::make_unique<StringSource>(nar)));
  const Substituters::TraceKeys keys{{id('1'), {path("one.drv"), "out"}},
                                     {id('2'), {path("two.drv"), "out"}},
                                     {id('3'), {path("three.drv"), "out"}}};
  const auto put_entry = [&](char digit, bool is_signed) {
    BuildTraceEntry entry{keys.at(id(digit)), path("app")};
    if (is_signed) entry.signatures.insert(key.sign(entry.fingerprint()));
    const auto place =
        directory() / "cache/build-trace-v2" / entry.key.derivation.base_name() / "out.doi";
    std::filesystem::create_directories(place.parent_path());
    write_file(place, entry.to_json());
  };
  put_entry('1', true);
  put_entry('2', false);
  TrustedKeys trusted;
  trusted.add(key.public_key());
  auto substituters = make({{from, 0, false}}, trusted);
  substituters.fetch_realisations(store(), {id('1'), id('2'), id('3')}, keys, {});
  const auto known = store().realisations({id('1'), id('2'), id('3')});
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known.begin()->first, id('1'));
  EXPECT_EQ(known.begin()->second.out_path, path("app"));
  EXPECT_TRUE(store().is_valid(path("app")));
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("two.drv"), std::string::npos) << warnings_[0];
}

TEST_F(SubstitutersTest, CanBeStopped) {
  const auto from = source("from");
  put(*from, "a");
  auto substituters = make({{from, 0, true}});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(substituters.fetch_paths(store(), {path("a")}, stop.get_token()), CancelledError);
}

}  // namespace
}  // namespace grange
