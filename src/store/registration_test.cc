#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "database/sqlite.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

using RegistrationTest = StoreTest;

PathInfo bare(const StorePath& path, const std::set<StorePath>& references = {}) {
  PathInfo info(path, Hash(HashAlgorithm::sha256));
  info.nar_size = 8;
  info.references = references;
  return info;
}

TEST_F(RegistrationTest, ReferencesMustBeValidOrInTheBatch) {
  const StorePath a = path("a", '1');
  const StorePath b = path("b", '2');
  EXPECT_THROW(store().register_valid({bare(a, {b})}), InvalidError);
  EXPECT_FALSE(store().is_valid(a));
  store().register_valid({bare(a, {b}), bare(b)});
  EXPECT_EQ(store().closure({a}).size(), 2U);
}

TEST_F(RegistrationTest, CirclesAreRefused) {
  const StorePath a = path("a", '1');
  const StorePath b = path("b", '2');
  const StorePath c = path("c", '3');
  store().register_valid({bare(a, {a})});  // itself is fine
  EXPECT_THROW(store().register_valid({bare(b, {c}), bare(c, {a, b})}), InvalidError);
  EXPECT_FALSE(store().is_valid(b));
  std::vector<PathInfo> chain;  // deep, but no circle
  for (int i = 0; i < 20'000; ++i) {
    std::set<StorePath> references;
    if (i > 0) references.insert(chain.back().path);
    chain.push_back(bare(path("n" + std::to_string(i)), references));
  }
  store().register_valid(chain);
  EXPECT_EQ(store().closure({chain.back().path}).size(), 20'000U);
}

TEST_F(RegistrationTest, RegisteringAgainUpdatesAsNixDoes) {
  PathInfo info = bare(path("a"));
  info.registration_time = 1000;
  info.deriver = path("a.drv", '1');
  store().register_valid({info});
  info.registration_time = 2000;
  info.deriver = path("b.drv", '2');
  info.ultimate = true;
  info.nar_size = 16;
  store().register_valid({info});
  const auto known = store().path_info(info.path);
  EXPECT_EQ(known->registration_time, 1000);
  EXPECT_EQ(known->deriver, path("a.drv", '1'));
  EXPECT_TRUE(known->ultimate);
  EXPECT_EQ(known->nar_size, 16U);
}

TEST_F(RegistrationTest, AFalseContentAddressIsRefused) {
  PathInfo info = bare(path("a"));
  info.content_address =
      ContentAddress{ContentMethod::recursive, hash_bytes(HashAlgorithm::sha256, "")};
  EXPECT_THROW(store().register_valid({info}), InvalidError);
}

TEST_F(RegistrationTest, DerivationsAreCheckedAndTheirOutputsKnown) {
  const std::string leaf =
      R"(Derive([("out","/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf","","")],[],[],)"
      R"("x86_64-linux","/bin/sh",["-c","echo leaf > $out"],[("builder","/bin/sh"),)"
      R"(("name","leaf"),("out","/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf"),)"
      R"(("system","x86_64-linux")]))";
  const StorePath path = store().add_text("leaf.drv", leaf, {});
  EXPECT_EQ(path.base_name(), "5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv");
  SqliteDatabase database(location().state / "db/db.sqlite", {});
  auto select = database.prepare(
      "select d.id, d.path from DerivationOutputs d join ValidPaths v on d.drv = v.id");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.text(0), "out");
  EXPECT_EQ(select.text(1), "/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf");

  std::string forged = leaf;
  for (auto at = forged.find("x5qb"); at != std::string::npos; at = forged.find("x5qb")) {
    forged.replace(at, 4, "x5qa");
  }
  EXPECT_THROW(store().add_text("leaf.drv", forged, {}), InvalidError);
  EXPECT_THROW(store().add_text("leaf.drv", "no derivation", {}), InvalidError);
  EXPECT_EQ(store().all_valid_paths().size(), 1U);
  expect_tidy();
}

TEST_F(RegistrationTest, ConcurrentCallsShareCommitsAndFailAlone) {
  std::vector<std::jthread> threads;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        const auto name = std::to_string(i) + "-" + std::to_string(round);
        store().register_valid({bare(path("good-" + name))});
        try {
          store().register_valid(
              {bare(path("bad-" + name)), bare(path("worse-" + name), {path("none")})});
        } catch (const InvalidError& error) {
          if (std::string(error.what()).find(name) != std::string::npos) ++refused;
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(refused, 400);
  EXPECT_EQ(store().all_valid_paths().size(), 400U);
}

}  // namespace
}  // namespace grange
