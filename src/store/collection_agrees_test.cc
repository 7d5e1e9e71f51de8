// What is dead in random stores, asked of the real nix under the same options.

#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "process/process.h"
#include "store/garbage_collection.h"
#include "store/store_schema.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class CollectionAgreesTest : public StoreTest, public testing::WithParamInterface<int> {
 protected:
  /// Objects, references, derivers, statically known outputs, and roots, all at random. Rows are
  /// written as Nix has them: no registration would let such derivations through.
  void fill(std::mt19937& random) {
    const auto below = [&](std::size_t limit) {
      return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    SqliteDatabase database = open_store_database(location(), quick(), false);
    SqliteTransaction transaction(database);
    auto insert = database.prepare(
        "insert into ValidPaths (id, path, hash, registrationTime, deriver, narSize) "
        "values (?, ?, 'sha256:" +
        std::string(64, '0') + "', 1, ?, 100)");
    auto refer = database.prepare("insert or ignore into Refs values (?, ?)");
    auto output = database.prepare("insert or replace into DerivationOutputs values (?, ?, ?)");
    for (std::size_t i = 0; i < kPaths; ++i) {
      const bool derivation = below(3) == 0;
      const auto object =
          make_text_path(StoreDir::nix(), derivation ? "d.drv" : "o", std::to_string(random()), {});
      write_file(location().real_store / object.base_name(), "x");
      paths_.push_back(object);
      if (derivation) derivations_.push_back(i);
      insert.bind(1, i + 1).bind(2, shown(object));
      // Most outputs name a derivation that exists as their deriver; it need not list them.
      if (!derivation && !derivations_.empty() && below(4) != 0) {
        const std::size_t deriver = derivations_[below(derivations_.size())];
        insert.bind(3, shown(paths_[deriver]));
        insert.run();
        output.bind(1, deriver + 1).bind(2, "out" + std::to_string(i));
        output.bind(3, shown(object)).run();
        if (below(3) == 0) {  // another one that makes the same
          const std::size_t other = derivations_[below(derivations_.size())];
          output.bind(1, other + 1).bind(2, "out" + std::to_string(i));
          output.bind(3, shown(object)).run();
        }
      } else {
        insert.bind_null(3);
        insert.run();
      }
      for (std::size_t r = below(4); r > 0; --r)
        refer.bind(1, i + 1).bind(2, below(i + 1) + 1).run();
    }
    transaction.commit();
    for (std::size_t root = 0; root < kPaths / 20; ++root) {
      const auto& target = paths_[below(paths_.size())];
      fs::create_symlink(shown(target),
                         location().state / "gcroots" / ("root-" + std::to_string(root)));
    }
    store().add_temporary_roots({paths_[below(paths_.size())], path("invalid")});
    for (int unknown = 0; unknown < 5; ++unknown) {
      write_file(
          location().real_store / (std::string(32, static_cast<char>('1' + unknown)) + "-unknown"),
          "");
    }
  }

  std::string shown(const StorePath& object) const { return location().store_dir.print(object); }

  std::set<std::string> dead_by_nix(bool keep_derivations, bool keep_outputs) {
    SpawnOptions options;
    fs::create_directories(directory() / "conf");
    options.environment = {{"PATH=" + std::string(std::getenv("PATH")),
                            "NIX_CONF_DIR=" + (directory() / "conf").string()}};
    options.arguments = {"nix-store", "--store",           (directory() / "root").string(),
                         "--option",  "build-users-group", "",
                         "--option",  "keep-derivations",  keep_derivations ? "true" : "false",
                         "--option",  "keep-outputs",      keep_outputs ? "true" : "false",
                         "--gc",      "--print-dead"};
    const auto output = SystemProcessRunner().run(options, "", {}, {});
    EXPECT_TRUE(output.status.success()) << output.standard_error;
    std::set<std::string> names;
    for (const auto line : split(output.standard_output, '\n')) {
      if (!line.empty()) names.emplace(line.substr(line.rfind('/') + 1));
    }
    return names;
  }

  std::set<std::string> dead_by_us(bool keep_derivations, bool keep_outputs) {
    CollectionOptions options;
    options.dry_run = true;
    options.keep_derivations = keep_derivations;
    options.keep_outputs = keep_outputs;
    const auto names = collect_garbage(store(), options, {}).names;
    return {names.begin(), names.end()};
  }

  static constexpr std::size_t kPaths = 300;
  std::vector<StorePath> paths_;
  std::vector<std::size_t> derivations_;
};

TEST_P(CollectionAgreesTest, TheSameIsDead) {
  try {
    dead_by_nix(true, false);
  } catch (const NotFoundError&) {
    GTEST_SKIP() << "there is no nix-store";
  }
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  fill(random);
  for (const bool keep_derivations : {true, false}) {
    for (const bool keep_outputs : {true, false}) {
      const auto specified = dead_by_nix(keep_derivations, keep_outputs);
      EXPECT_EQ(dead_by_us(keep_derivations, keep_outputs), specified)
          << "keep-derivations " << keep_derivations << ", keep-outputs " << keep_outputs;
      EXPECT_GT(specified.size(), 5U);
      EXPECT_LT(specified.size(), kPaths);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Random, CollectionAgreesTest, testing::Range(0, 5));

}  // namespace
}  // namespace grange
