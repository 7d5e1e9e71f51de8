#include "store/local_store.h"

#include <thread>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_test_support.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using LocalStoreTest = StoreTest;

TEST(StoreLocationTest, LiesAsNixDoes) {
  const auto plain = StoreLocation::at_root("");
  EXPECT_EQ(plain.real_store, "/nix/store");
  EXPECT_EQ(plain.state, "/nix/var/nix");
  EXPECT_FALSE(plain.relocated());
  EXPECT_FALSE(StoreLocation::at_root("/").relocated());
  const auto elsewhere = StoreLocation::at_root("/home/me/s/", StoreDir::parse("/gnu/store"));
  EXPECT_EQ(elsewhere.real_store, "/home/me/s/gnu/store");
  EXPECT_EQ(elsewhere.state, "/home/me/s/nix/var/nix");
  EXPECT_EQ(elsewhere.logs, "/home/me/s/nix/var/log/nix");
  EXPECT_EQ(elsewhere.own_state(), "/home/me/s/nix/var/grange");
  EXPECT_TRUE(elsewhere.relocated());
}

TEST_F(LocalStoreTest, AddsAnObjectAndKnowsIt) {
  const StorePath dependency = add(path("dep", '1'), "dep");
  PathInfo info = info_of(path("obj"), nar_of("content"), {dependency, path("obj")});
  info.deriver = path("obj.drv", '2');
  info.signatures = {"key-1:c2ln", "key-2:c2ln"};
  info.ultimate = true;
  const std::string nar = nar_of("content");
  StringSource source(nar);
  store().add_nar(info, source);

  EXPECT_EQ(read_file(store().real_path(info.path)), "content");
  EXPECT_TRUE(store().is_valid(info.path));
  EXPECT_FALSE(store().is_valid(path("other")));
  const auto known = store().path_info(info.path);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->nar_hash, info.nar_hash);
  EXPECT_EQ(known->nar_size, info.nar_size);
  EXPECT_EQ(known->references, info.references);
  EXPECT_EQ(known->deriver, info.deriver);
  EXPECT_EQ(known->signatures, info.signatures);
  EXPECT_TRUE(known->ultimate);
  EXPECT_GT(known->registration_time, 1'600'000'000);
  EXPECT_EQ(known->content_address, std::nullopt);
  EXPECT_EQ(store().path_info(path("other")), std::nullopt);
  EXPECT_EQ(store().valid_among({info.path, dependency, path("other")}),
            (std::set<StorePath>{info.path, dependency}));
  EXPECT_EQ(store().referrers(dependency), std::set<StorePath>{info.path});
  EXPECT_EQ(store().closure({info.path}), (std::set<StorePath>{info.path, dependency}));
  EXPECT_EQ(store().all_valid_paths().size(), 2U);
  EXPECT_THROW(store().closure({path("other")}), NotFoundError);
  expect_tidy();
}

TEST_F(LocalStoreTest, AddingAgainReadsTheSourceToItsEnd) {
  add(path("obj"), "content");
  const std::string nar = nar_of("content");
  const std::string stream = nar + "rest";
  StringSource source(stream);
  store().add_nar(info_of(path("obj"), nar), source);
  EXPECT_EQ(read_all(source, 100), "rest");
}

TEST_F(LocalStoreTest, NothingIsVisibleOfABadNar) {
  const std::string nar = nar_of("content");
  const auto refused = [&](const PathInfo& info, std::string_view bytes) {
    StringSource source(bytes);
    EXPECT_THROW(store().add_nar(info, source), CorruptError);
    EXPECT_FALSE(store().is_valid(info.path));
    EXPECT_FALSE(fs::exists(store().real_path(info.path)));
    expect_tidy();
  };
  PathInfo wrong_hash = info_of(path("obj"), "something else");
  wrong_hash.nar_size = nar.size();
  refused(wrong_hash, nar);
  PathInfo wrong_size = info_of(path("obj"), nar);
  wrong_size.nar_size += 8;
  refused(wrong_size, nar);
  refused(info_of(path("obj"), nar), std::string_view(nar).substr(0, 100));
  PathInfo claims = info_of(path("obj"), nar);
  claims.content_address =
      ContentAddress{ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, "x")};
  refused(claims, nar);
}

TEST_F(LocalStoreTest, ARefusedRegistrationLeavesNoFiles) {
  const std::string nar = nar_of("content");
  StringSource source(nar);
  const PathInfo info = info_of(path("obj"), nar, {path("missing", '1')});
  EXPECT_THROW(store().add_nar(info, source), InvalidError);
  EXPECT_FALSE(fs::exists(store().real_path(info.path)));
}

TEST_F(LocalStoreTest, ReplacesWhatAKilledProcessLeft) {
  fs::create_directories(store().real_path(path("obj")) / "half");
  add(path("obj"), "content");
  EXPECT_EQ(read_file(store().real_path(path("obj"))), "content");
  expect_tidy();
}

/// The examples of nix-store.md §1.4.
TEST_F(LocalStoreTest, AddsWhatIsAddressedByContent) {
  const auto file = directory() / "f.txt";
  write_file(file, "hello");
  const auto add_as = [&](std::string_view method) {
    return store().add_tree(file, "f.txt", ContentMethodAlgorithm::parse(method)).base_name();
  };
  EXPECT_EQ(add_as("r:sha256"), "nhbkbjb42fmcsbd97h5mqx8nya2bks1c-f.txt");
  EXPECT_EQ(add_as("sha256"), "h3l41b48w4vk3d4g7q5raj8fgyn0vqix-f.txt");
  EXPECT_EQ(add_as("sha1"), "zl6lhdglxd6wvp4ifrlhl4mf0r9mpkgx-f.txt");
  EXPECT_EQ(add_as("md5"), "v4vxa6iwzjkf4g4imjpx2vyh4b2iz117-f.txt");
  EXPECT_EQ(add_as("sha512"), "rcpz4q3wbyq3jmrdbzwf7z22s13xqzsc-f.txt");
  EXPECT_EQ(add_as("sha512"), "rcpz4q3wbyq3jmrdbzwf7z22s13xqzsc-f.txt");
  const StorePath note = store().add_text("note.txt", "hello", {});
  EXPECT_EQ(note.base_name(), "3gjb3d7fa9216759xxxkqjy21a0a9a3g-note.txt");
  const StorePath two =
      store().add_text("two.txt", "see " + store().store_dir().print(note) + "\n", {note});
  EXPECT_EQ(two.base_name(), "plsj2dn99l7knm18flh0i6hp6mslz7d4-two.txt");
  EXPECT_EQ(store().path_info(two)->content_address->method, ContentMethod::text);
  EXPECT_EQ(store().path_info(two)->references, std::set<StorePath>{note});
  EXPECT_THROW(store().add_tree(directory(), "d", ContentMethodAlgorithm::parse("sha256")),
               InvalidError);
  EXPECT_THROW(store().add_tree(directory() / "none", "d", ContentMethodAlgorithm::parse("sha256")),
               NotFoundError);
  EXPECT_TRUE(store().verify(true, {}).empty());
  expect_tidy();
}

TEST_F(LocalStoreTest, FlatObjectsAreNeverExecutable) {
  write_file(directory() / "run", "hello", Durability::atomic, 0755);
  const StorePath added =
      store().add_tree(directory() / "run", "f.txt", ContentMethodAlgorithm::parse("sha256"));
  EXPECT_EQ(added.base_name(), "h3l41b48w4vk3d4g7q5raj8fgyn0vqix-f.txt");
  EXPECT_TRUE(store().verify(true, {}).empty());
}

/// The worked example `selfref` of nix-store.md §5.3: addressed by its content, itself included.
TEST_F(LocalStoreTest, AddsAnObjectThatIsAddressedByItsContentAndRefersToItself) {
  const StorePath self = StorePath::parse("gvai4vq73asdc2g9d05ychpy6afzrk5a-selfref");
  const std::string full = StoreDir::nix().print(self);
  const std::string nar = nar_of("me=" + full + " again " + full + "\n");
  PathInfo info = info_of(self, nar, {self});
  EXPECT_EQ(info.nar_hash.to_string(HashFormat::nix32),
            "sha256:1dx9swrl2qy52hn74arvczvfdff0qbiy1xqcr27chjj2jaxqivj9");
  info.content_address =
      ContentAddress::parse("fixed:r:sha256:1z810vzs213xx279mxxxl9pfbs1871qz626wcpz40kpk0x0q9ha4");
  StringSource source(nar);
  store().add_nar(info, source);
  EXPECT_TRUE(store().is_valid(self));

  PathInfo without = info;  // the same claim without the reference is false
  without.path = StorePath::parse("gvai4vq73asdc2g9d05ychpy6afzrk5a-other");
  without.references.clear();
  StringSource again(nar);
  EXPECT_THROW(store().add_nar(without, again), CorruptError);
}

TEST_F(LocalStoreTest, ManyThreadsAddTheSameAndDifferentObjects) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        const std::string name = "same-" + std::to_string(round);
        add(path(name), name);
        EXPECT_TRUE(store().is_valid(path(name)));
        const std::string own = "own-" + std::to_string(i) + "-" + std::to_string(round);
        add(path(own), own, {path(name)});
      }
    });
  }
  threads.clear();
  EXPECT_EQ(store().all_valid_paths().size(), 70U);
  EXPECT_TRUE(store().verify(true, {}).empty());
  expect_tidy();
}

TEST_F(LocalStoreTest, CopiesAClosureReferencesFirst) {
  const StorePath a = add(path("a", '1'), "a");
  const StorePath b = add(path("b", '2'), "b", {a});
  const StorePath c = add(path("c", '3'), "c", {a, b, path("c", '3')});
  add(path("unrelated", '4'), "u");
  const auto other = LocalStore::open(StoreLocation::at_root(directory() / "other"));
  other->copy_closure_from(store(), {b}, {});
  EXPECT_EQ(other->all_valid_paths().size(), 2U);
  other->copy_closure_from(store(), {c}, {});
  EXPECT_EQ(other->closure({c}), (std::set<StorePath>{a, b, c}));
  EXPECT_EQ(other->path_info(c)->nar_hash, store().path_info(c)->nar_hash);
  EXPECT_TRUE(other->verify(true, {}).empty());
  EXPECT_THROW(other->copy_closure_from(store(), {path("none")}, {}), NotFoundError);

  ::chmod(store().real_path(path("unrelated", '4')).c_str(), 0644);
  write_file(store().real_path(path("unrelated", '4')), "changed");
  EXPECT_THROW(other->copy_closure_from(store(), {path("unrelated", '4')}, {}), CorruptError);
  EXPECT_FALSE(fs::exists(other->real_path(path("unrelated", '4'))));
}

TEST_F(LocalStoreTest, VerifyNamesWhatIsWrong) {
  add(path("good", '1'), "good");
  const StorePath gone = add(path("gone", '2'), "gone");
  const StorePath changed = add(path("changed", '3'), "changed");
  remove_tree(store().real_path(gone));
  ::chmod(store().real_path(changed).c_str(), 0644);
  write_file(store().real_path(changed), "other", Durability::atomic, 0444);
  const auto names = store().verify(false, {});
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].path, gone);
  const auto contents = store().verify(true, {});
  ASSERT_EQ(contents.size(), 2U);
  EXPECT_THAT(contents[1].problem, testing::HasSubstr("specified sha256:"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(store().verify(true, stop.get_token()), CancelledError);
}

TEST_F(LocalStoreTest, InvalidatesOnlyWhatNothingRefersTo) {
  const StorePath a = add(path("a", '1'), "a");
  const StorePath b = add(path("b", '2'), "b", {a, path("b", '2')});
  EXPECT_THROW(store().invalidate(a), ConflictError);
  store().invalidate(b);
  store().invalidate(b);
  EXPECT_FALSE(store().is_valid(b));
  store().invalidate(a);
  EXPECT_TRUE(store().all_valid_paths().empty());
}

TEST_F(LocalStoreTest, KeepsLogs) {
  const StorePath derivation = path("x.drv", 'a');
  EXPECT_EQ(store().read_log(derivation), std::nullopt);
  store().write_log(derivation, "");
  EXPECT_EQ(store().read_log(derivation), "");
  const std::string log(250'000, 'l');
  store().write_log(derivation, log);
  EXPECT_EQ(store().read_log(derivation), log);
  const auto file = location().logs / "drvs/aa" / (std::string(30, 'a') + "-x.drv.bz2");
  EXPECT_TRUE(fs::exists(file));
  write_file(file, "no bzip2");
  EXPECT_THROW(store().read_log(derivation), CorruptError);
  fs::remove(file);
  write_file(file.parent_path() / (std::string(30, 'a') + "-x.drv"), "plain");
  EXPECT_EQ(store().read_log(derivation), "plain");
}

TEST_F(LocalStoreTest, AReadOnlyStoreOnlyReads) {
  add(path("a"), "a");
  LocalStoreOptions reading;
  reading.read_only = true;
  reopen(reading);
  EXPECT_TRUE(store().is_valid(path("a")));
  EXPECT_TRUE(store().verify(true, {}).empty());
  EXPECT_THROW(add(path("b"), "b"), DeniedError);
  EXPECT_THROW(store().add_temporary_root(path("a")), DeniedError);
  EXPECT_THROW(store().try_lock({path("a")}), DeniedError);
  EXPECT_THROW(store().write_log(path("a.drv"), ""), DeniedError);
  EXPECT_THROW(LocalStore::open(StoreLocation::at_root(directory() / "none"), reading),
               NotFoundError);
  EXPECT_FALSE(fs::exists(directory() / "none"));
}

TEST_F(LocalStoreTest, IndirectRootsLeadToTheLogicalPath) {
  const StorePath a = add(path("a"), "a");
  const StorePath b = add(path("b"), "b");
  const auto link = directory() / "result";
  store().add_indirect_root(link, a);
  store().add_indirect_root(link, b);
  EXPECT_EQ(fs::read_symlink(link), "/nix/store/" + b.base_name());
  const auto roots = location().state / "gcroots/auto";
  const auto name = hash_bytes(HashAlgorithm::sha1, link.string()).digits(HashFormat::nix32);
  EXPECT_EQ(fs::read_symlink(roots / name), link);
  EXPECT_EQ(std::distance(fs::directory_iterator(roots), {}), 1);
  write_file(directory() / "file", "mine");
  EXPECT_THROW(store().add_indirect_root(directory() / "file", a), ConflictError);
  fs::create_symlink("file", directory() / "other");
  EXPECT_THROW(store().add_indirect_root(directory() / "other", a), ConflictError);
  EXPECT_EQ(read_file(directory() / "other"), "mine");
  EXPECT_THROW(store().add_indirect_root(location().real_store / "x", a), InvalidError);
}

TEST_F(LocalStoreTest, FindsAPathByItsHashPart) {
  const StorePath first = add(path("a", '1'), "a");
  const StorePath last = add(path("z", '3'), "z");
  EXPECT_EQ(store().path_info_of_hash_part(first.hash_part())->path, first);
  EXPECT_EQ(store().path_info_of_hash_part(last.hash_part())->path, last);
  for (const char digit : {'0', '2', '4'}) {
    EXPECT_FALSE(store().path_info_of_hash_part(std::string(32, digit))) << digit;
  }
}

TEST_F(LocalStoreTest, TellsThatSomethingChanged) {
  const auto other = LocalStore::open(location(), {.read_only = true});
  const auto before = store().changes();
  const auto seen_by_other = other->changes();
  EXPECT_EQ(store().changes(), before);
  const StorePath object = add(path("a"), "a");
  const auto after = store().changes();
  EXPECT_NE(after, before);
  EXPECT_NE(other->changes(), seen_by_other);
  store().invalidate(object);
  EXPECT_NE(store().changes(), after);
}

TEST_F(LocalStoreTest, ReadsDerivationsFromADirectory) {
  const StorePath drv = store().add_text("x.drv.txt", "text", {});
  const auto reader = directory_reader(location().real_store);
  std::string text = "old";
  EXPECT_TRUE(reader(drv, text));
  EXPECT_EQ(text, "text");
  EXPECT_FALSE(reader(path("none"), text));
  EXPECT_FALSE(directory_reader(directory() / "none")(drv, text));
}

}  // namespace
}  // namespace grange
