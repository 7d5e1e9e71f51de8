#include "store/substituters.h"

#include "derivation/content_address.h"
#include "store/copy.h"
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
  substituters.fetch_realisations(store(), {id('2'), id('3')}, {});
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
  substituters.fetch_realisations(store(), {id('2')}, {});
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
  substituters.fetch_realisations(store(), {id('2')}, {});
  EXPECT_TRUE(store().realisations({id('2')}).empty());
  EXPECT_TRUE(store().all_valid_paths().empty());
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
