#include "store/repair.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/optimise.h"
#include "store/store_test_support.h"
#include "store/substituters.h"
#include "store/verify.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class RepairTest : public StoreTest {
 protected:
  void damage(const fs::path& file, std::string_view content = "damaged") {
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    std::ofstream(file) << content;  // in place: other names of it are damaged as well
    ASSERT_EQ(::chmod(file.c_str(), 0444), 0);
  }

  void replace(const StorePath& path, const std::string& nar) {
    StringSource source(nar);
    replace_object(store(), *store().path_info(path), source, {});
  }

  bool is_whole(const StorePath& path) { return !object_problem(store(), path, true); }

  /// A directory with one file.
  static std::string nar_of_directory(std::string_view content) {
    const TemporaryDirectory temporary;
    const auto tree = temporary.path() / "tree";
    fs::create_directories(tree / "sub");
    write_file(tree / "sub" / "file", content);
    StringSink nar;
    dump_nar(tree, nar);
    return nar.take();
  }

  StorePath add_directory(const StorePath& path, std::string_view content) {
    const std::string nar = nar_of_directory(content);
    StringSource source(nar);
    store().add_nar(info_of(path, nar), source);
    return path;
  }

  /// Another store that has what this one has.
  std::shared_ptr<LocalStore> other_store(const std::string& name) const {
    return LocalStore::open(StoreLocation::at_root(directory() / name), quick());
  }
};

TEST_F(RepairTest, ADamagedFileIsReplaced) {
  const auto a = add(path("a"), "content");
  damage(store().real_path(a));
  EXPECT_FALSE(is_whole(a));
  replace(a, nar_of("content"));
  EXPECT_TRUE(is_whole(a));
  struct stat status {};
  ASSERT_EQ(::lstat(store().real_path(a).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0444U);
  EXPECT_EQ(status.st_mtime, 1);
  expect_tidy();
}

TEST_F(RepairTest, DamagedDirectoriesAreReplacedWhole) {
  const auto a = add_directory(path("a"), "content");
  const auto real = store().real_path(a);
  damage(real / "sub" / "file");
  ASSERT_EQ(::chmod(real.c_str(), 0755), 0);
  write_file(real / "superfluous", "");
  replace(a, nar_of_directory("content"));
  EXPECT_TRUE(is_whole(a));
  EXPECT_FALSE(fs::exists(real / "superfluous"));
  struct stat status {};
  ASSERT_EQ(::lstat(real.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0555U);
  EXPECT_EQ(status.st_mtime, 1);
  expect_tidy();
}

TEST_F(RepairTest, WhatIsGoneComesBackAndWhatIsOfAnotherKindGoes) {
  const auto a = add_directory(path("a"), "content");
  remove_tree(store().real_path(a));
  replace(a, nar_of_directory("content"));
  EXPECT_TRUE(is_whole(a));
  remove_tree(store().real_path(a));
  write_file(store().real_path(a), "a file");
  replace(a, nar_of_directory("content"));
  EXPECT_TRUE(is_whole(a));
  expect_tidy();
}

TEST_F(RepairTest, NothingButWhatIsRegisteredReplaces) {
  const auto a = add(path("a"), "content");
  damage(store().real_path(a));
  EXPECT_THROW(replace(a, nar_of("other")), CorruptError);
  EXPECT_THROW(replace(a, "no archive"), Error);
  EXPECT_EQ(read_file(store().real_path(a)), "damaged");
  const auto info = *store().path_info(a);
  store().invalidate(a);
  const std::string nar = nar_of("content");
  StringSource source(nar);
  EXPECT_THROW(replace_object(store(), info, source, {}), NotFoundError);
  expect_tidy();
}

TEST_F(RepairTest, LinksToDamagedFilesGoAndOthersStay) {
  const auto a = add(path("a", '1'), "shared");
  const auto b = add(path("b", '2'), "shared");
  const auto c = add(path("c", '3'), "of its own");
  optimise_store(store(), {});
  damage(store().real_path(a));  // which is what b and .links have, too
  EXPECT_FALSE(is_whole(b));
  replace(a, nar_of("shared"));
  EXPECT_TRUE(is_whole(a));
  EXPECT_FALSE(is_whole(b));
  EXPECT_TRUE(remove_damaged_links(location(), {}).empty());  // it went with the damage
  optimise_store(store(), {});
  EXPECT_TRUE(is_whole(a));
  replace(b, nar_of("shared"));
  EXPECT_TRUE(is_whole(b));
  EXPECT_TRUE(is_whole(c));
  EXPECT_EQ(fs::hard_link_count(store().real_path(c)), 2U);
}

TEST_F(RepairTest, LinksThatNobodyHasAreChecked) {
  const auto a = add(path("a"), "content");
  optimise_store(store(), {});
  fs::path link;
  for (const auto& entry : fs::directory_iterator(location().real_store / ".links")) {
    link = entry.path();
  }
  EXPECT_TRUE(remove_damaged_links(location(), {}).empty());
  fs::remove(link);
  write_file(link, "CONTENT");
  const std::vector<std::string> removed{link.filename()};
  EXPECT_EQ(remove_damaged_links(location(), {}), removed);
  EXPECT_FALSE(fs::exists(link));
  EXPECT_TRUE(is_whole(a));
}

TEST_F(RepairTest, SubstitutersGiveOnlyWhatIsRegistered) {
  const auto a = add(path("a"), "content");
  const auto other = other_store("other");
  const auto same = other_store("same");
  for (const auto& [to, content] :
       {std::pair(other, "another content"), std::pair(same, "content")}) {
    const std::string nar = nar_of(content);
    StringSource source(nar);
    to->add_nar(info_of(a, nar), source);
  }
  damage(store().real_path(a));
  std::string warnings;
  const auto warn = [&](const std::string& problem) { warnings += problem + "\n"; };
  const auto info = *store().path_info(a);

  Substituters unsigned_one({{same, 0, false}}, {}, 1, warn);
  EXPECT_FALSE(unsigned_one.repair_path(store(), info, {}));
  EXPECT_NE(warnings.find("is not signed"), std::string::npos) << warnings;
  Substituters wrong_one({{other, 0, true}}, {}, 1, warn);
  EXPECT_FALSE(wrong_one.repair_path(store(), info, {}));
  EXPECT_NE(warnings.find("other content"), std::string::npos) << warnings;
  EXPECT_EQ(read_file(store().real_path(a)), "damaged");

  Substituters both({{other, 0, true}, {same, 1, true}}, {}, 1, warn);
  EXPECT_TRUE(both.repair_path(store(), info, {}));
  EXPECT_TRUE(is_whole(a));
  EXPECT_EQ(both.fetched().paths, 1U);
}

TEST_F(RepairTest, SubstitutersWhoseFilesAreDamagedArePassedOver) {
  const auto a = add(path("a"), "content");
  const auto damaged = other_store("damaged");
  const auto whole = other_store("whole");
  for (const auto& to : {damaged, whole}) {
    const std::string nar = nar_of("content");
    StringSource source(nar);
    to->add_nar(info_of(a, nar), source);
  }
  damage(store().real_path(a));
  damage(damaged->real_path(a), "damaged as well");
  std::string warnings;
  Substituters both({{damaged, 0, true}, {whole, 1, true}}, {}, 1,
                    [&](const std::string& problem) { warnings += problem + "\n"; });
  EXPECT_TRUE(both.repair_path(store(), *store().path_info(a), {}));
  EXPECT_TRUE(is_whole(a));
  EXPECT_NE(warnings.find("could not be fetched"), std::string::npos) << warnings;
}

}  // namespace
}  // namespace grange
