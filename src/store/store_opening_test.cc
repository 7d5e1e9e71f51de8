#include <thread>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database/sqlite.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using StoreOpeningTest = StoreTest;

std::string refusal(const StoreLocation& location) {
  try {
    LocalStore::open(location);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST_F(StoreOpeningTest, CreatesWhatNixCreates) {
  EXPECT_EQ(read_file(location().state / "db/schema"), "10");
  for (const char* name : {"db/db.sqlite", "db/big-lock", "db/reserved", "temproots", "profiles",
                           "gcroots/profiles", "gcroots/auto"}) {
    EXPECT_TRUE(fs::exists(location().state / name)) << name;
  }
  EXPECT_TRUE(fs::exists(location().real_store / ".links"));
  EXPECT_EQ(fs::read_symlink(location().state / "gcroots/profiles"), location().state / "profiles");
}

TEST_F(StoreOpeningTest, ManyMayCreateOneStoreAtOnce) {
  const auto place = StoreLocation::at_root(directory() / "fresh");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const auto own = LocalStore::open(place);
      own->add_text("text", std::to_string(i), {});
    });
  }
  threads.clear();
  EXPECT_EQ(LocalStore::open(place)->all_valid_paths().size(), 6U);
}

TEST_F(StoreOpeningTest, RefusesOtherSchemas) {
  close();
  const auto schema = location().state / "db/schema";
  write_file(schema, "11");
  EXPECT_THROW(LocalStore::open(location()), ConflictError);
  EXPECT_THAT(refusal(location()),
              testing::AllOf(testing::HasSubstr("schema 11"), testing::HasSubstr("schema 10"),
                             testing::HasSubstr("newer")));
  write_file(schema, "7");
  EXPECT_THROW(LocalStore::open(location()), ConflictError);
  write_file(schema, "ten");
  EXPECT_THROW(LocalStore::open(location()), CorruptError);
  write_file(schema, "10\n");
  EXPECT_NO_THROW(LocalStore::open(location()));
}

TEST_F(StoreOpeningTest, CompletesAStoreWhoseMakingWasInterrupted) {
  add(path("a"), "a");
  close();
  fs::remove(location().state / "db/schema");
  reopen();
  EXPECT_TRUE(store().is_valid(path("a")));
  EXPECT_EQ(read_file(location().state / "db/schema"), "10");
}

TEST_F(StoreOpeningTest, RefusesAStoreThatIsNotOurs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a store away";
  close();
  ASSERT_EQ(::chown(location().real_store.c_str(), 12345, 12345), 0);
  EXPECT_THROW(LocalStore::open(location()), DeniedError);
  EXPECT_THAT(refusal(location()), testing::HasSubstr("belongs to user 12345"));
  LocalStoreOptions reading;
  reading.read_only = true;
  EXPECT_NO_THROW(LocalStore::open(location(), reading));
}

TEST_F(StoreOpeningTest, RefusesAPlaceThatMayNotBeWritten) {
  if (::geteuid() == 0) {
    EXPECT_THROW(LocalStore::open(StoreLocation::at_root("/proc")), Error);
    return;
  }
  EXPECT_THROW(LocalStore::open(StoreLocation::at_root("/")), DeniedError);
  close();
  ::chmod((location().state / "db").c_str(), 0555);
  EXPECT_THROW(LocalStore::open(location()), DeniedError);
  LocalStoreOptions reading;
  reading.read_only = true;
  EXPECT_NO_THROW(LocalStore::open(location(), reading)->all_valid_paths());
  ::chmod((location().state / "db").c_str(), 0755);
}

TEST_F(StoreOpeningTest, ABrokenDatabaseIsReported) {
  add(path("a"), "a");
  close();
  {
    SqliteDatabase database(location().state / "db/db.sqlite", {});
    database.execute("update ValidPaths set hash = 'sha256:zz'");
  }
  reopen();
  EXPECT_THROW(store().path_info(path("a")), CorruptError);
  {
    SqliteDatabase database(location().state / "db/db.sqlite", {});
    database.execute("update ValidPaths set path = '/elsewhere/x'");
  }
  EXPECT_THROW(store().all_valid_paths(), CorruptError);
  close();
  write_file(location().state / "db/db.sqlite", std::string(8192, '?'));
  EXPECT_THROW(LocalStore::open(location()), CorruptError);
}

TEST_F(StoreOpeningTest, SettingsForDurability) {
  LocalStoreOptions options;
  options.sync = true;
  reopen(options);
  add(path("a"), "a");
  options.sync = false;
  options.fast_metadata = true;
  reopen(options);
  add(path("b"), "b");
  EXPECT_EQ(store().all_valid_paths().size(), 2U);
}

}  // namespace
}  // namespace grange
