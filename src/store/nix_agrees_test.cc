// What the real nix says of stores that we write, and we of stores that it writes. Skipped where
// there is no nix.

#include <atomic>
#include <cctype>
#include <thread>

#include <gmock/gmock.h>

#include "base/text.h"
#include "database/sqlite.h"
#include "process/process.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class NixAgreesTest : public StoreTest {
 protected:
  void SetUp() override {
    fs::create_directory(directory() / "conf");
    write_file(directory() / "conf/nix.conf",
               "substituters =\nbuild-users-group =\nexperimental-features = nix-command\n");
    try {
      nix({"nix", "--version"});
    } catch (const NotFoundError&) {
      GTEST_SKIP() << "there is no nix";
    }
  }

  fs::path root() const { return directory() / "root"; }

  /// What the program prints; it must succeed.
  std::string nix(std::vector<std::string> arguments) const {
    const ProgramOutput output = try_nix(std::move(arguments));
    EXPECT_TRUE(output.status.success()) << output.standard_error;
    return output.standard_output;
  }
  ProgramOutput try_nix(std::vector<std::string> arguments) const {
    SpawnOptions options;
    options.arguments = std::move(arguments);
    options.environment = {{"PATH=" + std::string(std::getenv("PATH")),
                            "HOME=" + directory().string(),
                            "NIX_CONF_DIR=" + (directory() / "conf").string()}};
    return SystemProcessRunner().run(options, "", {}, {});
  }
  std::string in_store(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"nix-store", "--store", root().string()});
    return nix(std::move(arguments));
  }
  void expect_nix_verifies() const {
    const auto output =
        try_nix({"nix-store", "--store", root().string(), "--verify", "--check-contents"});
    EXPECT_TRUE(output.status.success()) << output.standard_error;
    for (const char* complaint : {"modified", "disappeared", "error"}) {
      EXPECT_EQ(output.standard_error.find(complaint), std::string::npos) << output.standard_error;
    }
  }
};

/// A table's definition without the comments and spaces that SQLite keeps.
std::string plain(std::string_view sql) {
  std::string text;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql.substr(i, 2) == "--") i = sql.find('\n', i);
    if (std::isspace(static_cast<unsigned char>(sql[i])) == 0) text += sql[i];
  }
  return text;
}

std::vector<std::string> schema_of(const fs::path& state) {
  SqliteOptions reading;
  reading.read_only = true;
  SqliteDatabase database(state / "db/db.sqlite", reading);
  auto select = database.prepare("select name, sql from sqlite_master order by name");
  std::vector<std::string> schema;
  while (select.step()) {
    schema.push_back(std::string(select.text(0)) + " " + plain(select.text(1)));
  }
  return schema;
}

TEST_F(NixAgreesTest, OnTheSchema) {
  const auto other = StoreLocation::at_root(directory() / "by-nix");
  nix({"nix-store", "--store", (directory() / "by-nix").string(), "--init"});
  EXPECT_EQ(schema_of(location().state), schema_of(other.state));
  EXPECT_EQ(read_file(location().state / "db/schema"), read_file(other.state / "db/schema"));
}

TEST_F(NixAgreesTest, OnWhatWeWrote) {
  const StorePath note = store().add_text("note.txt", "hello", {});
  const auto tree = directory() / "tree";
  fs::create_directories(tree / "bin");
  write_file(tree / "bin/run", "#!/bin/sh\n", Durability::atomic, 0700);
  fs::create_symlink("bin/run", tree / "link");
  const StorePath added = store().add_tree(tree, "tree", ContentMethodAlgorithm::parse("r:sha256"));
  PathInfo info = info_of(path("obj"), nar_of("content"), {note, added, path("obj")});
  info.deriver = path("obj.drv", '3');
  info.ultimate = true;
  const std::string nar = nar_of("content");
  StringSource source(nar);
  store().add_nar(info, source);

  expect_nix_verifies();
  const std::string full = StoreDir::nix().print(info.path);
  EXPECT_EQ(in_store({"--add", tree.string()}), StoreDir::nix().print(added) + "\n");
  EXPECT_EQ(trim(in_store({"-q", "--hash", full})), info.nar_hash.to_string(HashFormat::nix32));
  EXPECT_EQ(trim(in_store({"-q", "--size", full})), std::to_string(info.nar_size));
  EXPECT_EQ(trim(in_store({"-q", "--deriver", full})), StoreDir::nix().print(*info.deriver));
  EXPECT_EQ(split_words(in_store({"-q", "--requisites", full})).size(), 3U);
  const auto copy = directory() / "copy";
  nix({"nix", "copy", "--no-check-sigs", "--from", root().string(), "--to", copy.string(), full});
  EXPECT_TRUE(fs::exists(copy.string() + full));
}

TEST_F(NixAgreesTest, WeOnWhatItWrote) {
  close();
  write_file(directory() / "f.txt", "hello");
  const std::string added(trim(in_store({"--add", (directory() / "f.txt").string()})));
  ASSERT_EQ(added, "/nix/store/nhbkbjb42fmcsbd97h5mqx8nya2bks1c-f.txt");
  reopen();
  const StorePath path = StoreDir::nix().parse_path(
      "/nix/store/nhbkbjb42fmcsbd97h5mqx8nya2bks1c-"
      "f.txt");
  EXPECT_TRUE(store().is_valid(path));
  EXPECT_EQ(store().path_info(path)->content_address->method, ContentMethod::recursive);
  EXPECT_TRUE(store().verify(true, {}).empty());
  store().add_text("refers", "x", {path});
  expect_nix_verifies();
}

TEST_F(NixAgreesTest, ItsCollectorSparesOurRoots) {
  const StorePath rooted = store().add_text("rooted", "1", {});
  const StorePath temporary = store().add_text("temporary", "2", {});
  store().add_indirect_root(directory() / "result", rooted);
  in_store({"--gc"});
  EXPECT_TRUE(store().is_valid(temporary));  // this process is alive
  reopen();
  in_store({"--gc"});
  EXPECT_FALSE(store().is_valid(temporary));
  EXPECT_FALSE(fs::exists(store().real_path(temporary)));
  EXPECT_TRUE(store().is_valid(rooted));
  store().add_temporary_root(temporary);
  store().add_text("temporary", "2", {});
  EXPECT_TRUE(store().is_valid(temporary));
  expect_nix_verifies();
}

TEST_F(NixAgreesTest, WhenBothWriteAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    write_file(directory() / ("by-nix-" + std::to_string(i)), std::to_string(i));
    threads.emplace_back([&, i] {
      for (int round = 0; round < 3; ++round) {
        in_store({"--add", (directory() / ("by-nix-" + std::to_string(i))).string()});
      }
    });
    threads.emplace_back([&, i] {
      for (int round = 0; round < 100; ++round) {
        store().add_text("ours", std::to_string(round * 10 + i), {});
      }
    });
  }
  threads.clear();
  EXPECT_EQ(store().all_valid_paths().size(), 303U);
  EXPECT_TRUE(store().verify(true, {}).empty());
  expect_nix_verifies();
}

/// Objects that we add while its collectors run stay, whenever they begin and end.
TEST_F(NixAgreesTest, WhenItCollectsWhileWeAdd) {
  for (int i = 0; i < 300; ++i) store().add_text("garbage", std::to_string(i), {});
  reopen();
  std::atomic<bool> done = false;
  std::jthread collector([&] {
    while (!done) try_nix({"nix-store", "--store", root().string(), "--gc"});
  });
  std::vector<StorePath> added;
  for (int i = 0; i < 200; ++i) {
    added.push_back(store().add_text("kept", std::to_string(i), {}));
    added.push_back(store().add_text("garbage", std::to_string(i), {}));
  }
  done = true;
  collector.join();
  for (const StorePath& path : added) {
    EXPECT_TRUE(store().is_valid(path));
    EXPECT_TRUE(fs::exists(store().real_path(path)));
  }
  EXPECT_TRUE(store().verify(true, {}).empty());
  expect_nix_verifies();
}

}  // namespace
}  // namespace grange
