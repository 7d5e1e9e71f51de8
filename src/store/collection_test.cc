#include <algorithm>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "store/garbage_collection.h"
#include "store/store_schema.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

class CollectionTest : public StoreTest {
 protected:
  ~CollectionTest() override { set_fault(""); }

  void keep(const StorePath& path) {
    fs::create_symlink(location().store_dir.print(path),
                       location().state / "gcroots" / path.name());
  }
  /// What adding objects has rooted is forgotten, as if other processes had added them.
  void forget_own_roots() { reopen(); }
  CollectionResult collect(const CollectionOptions& options = {}) {
    return collect_garbage(store(), options, {});
  }
  bool on_disk(const std::string& name) const {
    return fs::exists(fs::symlink_status(location().real_store / name));
  }
  bool on_disk(const StorePath& path) const { return on_disk(path.base_name()); }
  std::set<StorePath> valid() {
    const auto all = store().all_valid_paths();
    return {all.begin(), all.end()};
  }
};

TEST_F(CollectionTest, KeepsWhatRootsNeedAndDeletesTheRest) {
  const auto library = add(path("library"), "l");
  const auto program = add(path("program"), "p", {library});
  const auto old = add(path("old"), "o", {library});
  const auto older = add(path("older"), "oo", {old});
  keep(program);
  forget_own_roots();
  const auto result = collect();
  EXPECT_EQ(result.paths, 2U);
  EXPECT_EQ(result.bytes_freed, 3U);
  EXPECT_EQ(valid(), (std::set{library, program}));
  EXPECT_FALSE(on_disk(old));
  EXPECT_FALSE(on_disk(older));
  EXPECT_TRUE(store().verify(true, {}).empty());
  EXPECT_EQ(collect().paths, 0U);
}

TEST_F(CollectionTest, ADryRunTellsAndChangesNothing) {
  const auto a = add(path("a"), "a");
  const auto b = add(path("b"), "b", {a});
  forget_own_roots();
  write_file(location().real_store / "unknown", "");
  CollectionOptions options;
  options.dry_run = true;
  const auto result = collect(options);
  EXPECT_EQ(result.names, (std::vector{b.base_name(), a.base_name(), std::string("unknown")}));
  EXPECT_EQ(valid(), (std::set{a, b}));
  EXPECT_TRUE(on_disk("unknown"));
}

TEST_F(CollectionTest, TemporaryRootsProtectEverythingWithTheirDigest) {
  const auto input = add(path("input", '1'), "i");
  const auto needed = add(path("needed", '2'), "n", {input});
  const auto dead = add(path("dead", '3'), "d");
  forget_own_roots();
  store().add_temporary_roots({needed, path("being-built", '4')});
  for (const char* suffix : {"", ".lock", ".chroot", ".check"}) {
    write_file(location().real_store / (path("being-built", '4').base_name() + suffix), "");
    write_file(location().real_store / (path("stale", '5').base_name() + suffix), "");
  }
  fs::create_directories(location().real_store / "add-123/x");
  const auto result = collect();
  EXPECT_EQ(valid(), (std::set{input, needed}));
  EXPECT_EQ(result.paths, 6U);
  EXPECT_FALSE(on_disk(dead));
  EXPECT_FALSE(on_disk("add-123"));
  for (const char* suffix : {"", ".lock", ".chroot", ".check"}) {
    EXPECT_TRUE(on_disk(path("being-built", '4').base_name() + suffix)) << suffix;
    EXPECT_FALSE(on_disk(path("stale", '5').base_name() + suffix)) << suffix;
  }
}

TEST_F(CollectionTest, WhatSomebodyHasLockedStays) {
  const auto file = location().real_store / (path("a").base_name() + ".lock");
  const FileDescriptor lock = open_file(file, O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  fs::create_directory(location().real_store / "tmp-1");
  const FileDescriptor directory = open_file(location().real_store / "tmp-1", O_RDONLY);
  ASSERT_EQ(::flock(directory.get(), LOCK_EX), 0);
  write_file(location().real_store / ".tmp-link-1-2", "nix is optimising");
  EXPECT_EQ(collect().paths, 0U);
  EXPECT_TRUE(on_disk("tmp-1"));
  EXPECT_TRUE(fs::exists(file));
}

TEST_F(CollectionTest, DerivationsAndOutputsKeepEachOtherAsAsked) {
  const auto nix = StoreDir::nix();
  const auto derivation = path("maker", '1');
  const auto other = path("other-maker", '2');
  const auto output = path("made", '3');
  for (const auto& drv : {derivation, other}) add(drv, drv.base_name());
  const std::string nar = nar_of("made");
  PathInfo info = info_of(output, nar);
  info.deriver = derivation;
  StringSource source(nar);
  store().add_nar(info, source);
  {
    SqliteDatabase database = open_store_database(location(), quick(), false);
    database.execute("insert into DerivationOutputs select id, 'out', '" + nix.print(output) +
                     "' from ValidPaths where path like '%maker'");
  }
  forget_own_roots();
  CollectionOptions options;
  options.dry_run = true;
  const auto dead = [&] {
    const auto names = collect(options).names;
    return std::set<std::string>(names.begin(), names.end());
  };
  using Names = std::set<std::string>;
  options.further_roots = {output};
  EXPECT_EQ(dead(), Names{other.base_name()});  // it names the output, but did not make it
  options.keep_derivations = false;
  EXPECT_EQ(dead(), (Names{other.base_name(), derivation.base_name()}));
  options.further_roots = {other};
  EXPECT_EQ(dead(), (Names{output.base_name(), derivation.base_name()}));
  options.keep_outputs = true;
  EXPECT_EQ(dead(), Names{derivation.base_name()});
  options.keep_derivations = true;
  EXPECT_EQ(dead(), Names{});
}

TEST_F(CollectionTest, StopsWhenEnoughIsFree) {
  for (char digit = '1'; digit <= '9'; ++digit) add(path("a", digit), std::string(1000, digit));
  forget_own_roots();
  CollectionOptions options;
  options.max_freed = 2500;
  const auto result = collect(options);
  EXPECT_EQ(result.paths, 3U);
  EXPECT_EQ(result.bytes_freed, 3000U);
  EXPECT_EQ(valid().size(), 6U);
  options.max_freed = 0;
  EXPECT_EQ(collect(options).paths, 0U);
}

TEST_F(CollectionTest, MoreThanOneBatch) {
  std::vector<PathInfo> infos;
  const std::string nar = nar_of("x");
  StorePath previous = path("none");
  for (int i = 0; i < 2500; ++i) {
    const auto object = make_text_path(StoreDir::nix(), "n", std::to_string(i), {});
    write_file(store().real_path(object), "x");
    fs::permissions(store().real_path(object), fs::perms(0444));
    infos.push_back(info_of(object, nar));
    if (i % 5 != 0) infos.back().references = {previous};
    previous = object;
  }
  keep(infos[7].path);  // which needs 5 and 6
  store().register_valid(infos);
  EXPECT_EQ(collect().paths, 2497U);
  EXPECT_EQ(valid(), (std::set{infos[5].path, infos[6].path, infos[7].path}));
  EXPECT_TRUE(store().verify(true, {}).empty());
}

TEST_F(CollectionTest, DeletesExactlyWhatIsAskedOrNothing) {
  const auto a = add(path("a", '1'), "a");
  const auto b = add(path("b", '2'), "b", {a});
  const auto c = add(path("c", '3'), "c");
  const auto kept = add(path("kept", '4'), "k");
  keep(kept);
  forget_own_roots();
  write_file(location().real_store / path("odd", '5').base_name(), "never registered");
  EXPECT_THROW(delete_paths(store(), {a, c}, {}, {}), ConflictError);
  EXPECT_THROW(delete_paths(store(), {kept, c}, {}, {}), ConflictError);
  EXPECT_THROW(delete_paths(store(), {path("none", '9'), c}, {}, {}), NotFoundError);
  EXPECT_EQ(valid().size(), 4U);
  EXPECT_EQ(delete_paths(store(), {a, b, path("odd", '5')}, {}, {}).paths, 3U);
  EXPECT_EQ(valid(), (std::set{c, kept}));
  EXPECT_FALSE(on_disk(path("odd", '5')));
}

TEST_F(CollectionTest, UnusedLinksGoWithTheirPaths) {
  const auto dead = add(path("dead"), "shared content");
  forget_own_roots();
  const auto link = location().real_store / ".links" / std::string(52, '1');
  fs::create_hard_link(store().real_path(dead), link);
  const auto result = collect();
  EXPECT_EQ(result.links_removed, 1U);
  EXPECT_EQ(result.bytes_freed, 14U);
  EXPECT_FALSE(fs::exists(link));
}

TEST_F(CollectionTest, RealisationsGoWithTheirOutputs) {
  const auto live = add(path("live", '1'), "l");
  const auto dead = add(path("dead", '2'), "d");
  keep(live);
  forget_own_roots();
  SqliteDatabase database = open_store_database(location(), quick(), false);
  database.execute(
      "create table if not exists Realisations (id integer primary key autoincrement not null, "
      "drvPath text not null, outputName text not null, outputPath integer not null, signatures "
      "text, foreign key (outputPath) references ValidPaths(id) on delete cascade);"
      "create table if not exists RealisationsRefs (referrer integer not null, "
      "realisationReference integer, foreign key (referrer) references Realisations(id) on delete "
      "cascade, foreign key (realisationReference) references Realisations(id) on delete restrict);"
      "insert into Realisations (drvPath, outputName, outputPath) select path, 'out', id from "
      "ValidPaths order by path;"
      "insert into RealisationsRefs values (1, 2)");
  collect();
  EXPECT_EQ(valid(), std::set{live});
  auto left = database.prepare("select count(*) from Realisations");
  ASSERT_TRUE(left.step());
  EXPECT_EQ(left.integer(0), 1);
  auto references = database.prepare("select count(*) from RealisationsRefs");
  ASSERT_TRUE(references.step());
  EXPECT_EQ(references.integer(0), 0);
}

TEST_F(CollectionTest, WhatCannotBeRemovedIsToldAndLeftToTheNextOne) {
  const auto a = add(path("a", '1'), "a");
  const auto b = add(path("b", '2'), "b");
  forget_own_roots();
  set_fault("gc.before-remove=eio");
  const auto result = collect();
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(valid(), std::set<StorePath>{});
  EXPECT_TRUE(on_disk(a) != on_disk(b));
  set_fault("");
  EXPECT_EQ(collect().paths, 1U);
  EXPECT_FALSE(on_disk(a) || on_disk(b));
}

TEST_F(CollectionTest, WaitsForAnotherCollectorOnlyWhenAsked) {
  add(path("a"), "a");
  forget_own_roots();
  FileDescriptor lock = open_file(location().state / "gc.lock", O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  CollectionOptions options;
  options.wait = false;
  EXPECT_TRUE(collect(options).skipped);
  std::jthread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    lock.reset();
  });
  EXPECT_EQ(collect().paths, 1U);
}

TEST_F(CollectionTest, TellsWhatRootsKeepAndWhy) {
  const auto library = add(path("library", '1'), "l");
  const auto program = add(path("program", '2'), "p", {library});
  const auto loose = add(path("loose", '3'), "x");
  keep(program);
  forget_own_roots();
  const auto reports = report_roots(store(), {});
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].root.path, program);
  EXPECT_EQ(reports[0].paths, 2U);
  const auto why = why_kept(store(), library, {});
  EXPECT_EQ(why.origin, (location().state / "gcroots/program").string());
  EXPECT_EQ(why.way, (std::vector{program, library}));
  EXPECT_TRUE(why_kept(store(), loose, {}).way.empty());
  EXPECT_THROW(why_kept(store(), path("none"), {}), NotFoundError);
}

}  // namespace
}  // namespace grange
