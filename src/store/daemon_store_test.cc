#include "store/daemon_store.h"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/file.h"
#include "store/copy.h"
#include "store/fake_daemon.h"
#include "store/local_store.h"
#include "wire/framed_data.h"
#include "wire/path_streams.h"

namespace grange {
namespace {

/// A daemon with a store in memory.
class FakeStore {
 public:
  explicit FakeStore(ProtocolVersion version = kWorkerVersion,
                     std::set<std::string, std::less<>> features = {})
      : daemon_(
            version,
            [this](const WorkerRequest& request, FakeDaemon::Session& session) {
              return answer(request, session);
            },
            std::move(features)) {}

  std::unique_ptr<BuildingStore> open(std::stop_token stop = {}) {
    DaemonStoreOptions options;
    options.shown = "fake";
    options.connect = [this] { return daemon_.connect(); };
    options.max_connections = 2;
    options.stop = std::move(stop);
    return open_daemon_store(std::move(options));
  }

  static StorePath path(int number) {
    auto digits = std::to_string(number);
    return StorePath::parse(std::string(32 - digits.size(), '0') + digits + "-thing");
  }
  static PathInfo info(const StorePath& path, std::string_view nar) {
    PathInfo info(path, hash_bytes(HashAlgorithm::sha256, nar));
    info.nar_size = nar.size();
    return info;
  }
  static std::string nar_of(std::string_view content) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "file", content);
    StringSink nar;
    dump_nar(directory.path() / "file", nar);
    return nar.take();
  }

  FakeDaemon& daemon() { return daemon_; }
  void put(const StorePath& path, const std::string& nar) { nars_[path] = nar; }
  std::vector<StorePath> added_together() {
    const std::lock_guard lock(mutex_);
    return order_;
  }
  std::map<StorePath, std::string> nars() {
    const std::lock_guard lock(mutex_);
    return nars_;
  }
  /// Answers first; false: as usual.
  std::function<std::optional<bool>(const WorkerRequest&, FakeDaemon::Session&)> special;

 private:
  bool answer(const WorkerRequest& request, FakeDaemon::Session& session) {
    if (special) {
      if (const auto done = special(request, session)) return *done;
    }
    const std::lock_guard lock(mutex_);
    if (const auto* valid = std::get_if<QueryValidPaths>(&request)) {
      std::set<StorePath> there;
      for (const auto& one : valid->paths) {
        if (nars_.contains(one)) there.insert(one);
      }
      session.answer(there);
    } else if (const auto* asked = std::get_if<QueryPathInfo>(&request)) {
      PathInfoReply reply;
      const auto found = nars_.find(asked->path);
      if (found != nars_.end()) reply.info.emplace(info(asked->path, found->second));
      session.answer(reply);
    } else if (const auto* nar = std::get_if<NarFromPath>(&request)) {
      session.last();
      session.writer().sink().write(nars_.at(nar->path));
    } else if (const auto* add = std::get_if<AddToStoreNar>(&request)) {
      nars_[add->info.path] = take(request, session);
      session.last();
    } else if (std::holds_alternative<AddMultipleToStore>(request)) {
      FramedSource framed(session.source());
      read_multiple(framed, StoreDir::nix(), session.dialect().limits,
                    [&](const PathInfo& info, const NarCopier& copy) {
                      StringSink one;
                      copy(one);
                      nars_[info.path] = one.take();
                      order_.push_back(info.path);
                    });
      framed.finish(0);
      session.last();
    } else {
      session.fail("\x1b[31mnot in the script\x1b[0m");
      return false;
    }
    return true;
  }

  static std::string take(const WorkerRequest& request, FakeDaemon::Session& session) {
    StringSink nar;
    switch (request_stream(session.dialect(), request)) {
      case WireStream::framed: {
        FramedSource framed(session.source());
        drain(framed, nar);
        break;
      }
      case WireStream::nar:
        copy_nar(session.source(), nar);
        break;
      case WireStream::pulled: {
        class Pulled final : public Source {
         public:
          explicit Pulled(FakeDaemon::Session& session) : session_(session) {}
          std::size_t read(char* buffer, std::size_t size) override {
            if (rest_.empty()) {
              session_.frame(ReadFrame{1000});
              session_.flush();
              rest_ = session_.reader().string();
              EXPECT_LE(rest_.size(), 1000U);
            }
            const auto count = rest_.copy(buffer, size);
            rest_.erase(0, count);
            return count;
          }

         private:
          FakeDaemon::Session& session_;
          std::string rest_;
        };
        Pulled pulled(session);
        copy_nar(pulled, nar);
        break;
      }
      default:
        ADD_FAILURE();
    }
    return nar.take();
  }

  std::mutex mutex_;
  std::map<StorePath, std::string> nars_;
  std::vector<StorePath> order_;
  FakeDaemon daemon_;  ///< last, so that its threads end first
};

std::string read_nar(Store& store, const StorePath& path) {
  StringSink nar;
  store.open_nar(path)->write_to(nar);
  return nar.take();
}

class DaemonStoreVersions : public testing::TestWithParam<unsigned> {};

TEST_P(DaemonStoreVersions, HasWhatTheDaemonHas) {
  FakeStore fake({1, GetParam()});
  std::set<StorePath> asked;
  for (int i = 0; i < 300; ++i) asked.insert(FakeStore::path(i));
  const auto nar = FakeStore::nar_of(std::string(300'000, 'x'));
  fake.put(FakeStore::path(7), nar);
  fake.put(FakeStore::path(299), nar);
  const auto store = fake.open();
  const std::set<StorePath> there = {FakeStore::path(7), FakeStore::path(299)};
  EXPECT_EQ(store->valid_among(asked), there);
  const auto infos = store->path_infos(asked);
  ASSERT_EQ(infos.size(), 2U);
  EXPECT_EQ(infos.begin()->second.nar_size, nar.size());
  EXPECT_EQ(read_nar(*store, FakeStore::path(7)), nar);

  const auto added = nar_from_source(std::make_unique<StringSource>(nar));
  store->add(FakeStore::info(FakeStore::path(8), nar), *added);
  EXPECT_EQ(fake.nars().at(FakeStore::path(8)), nar);
  EXPECT_EQ(fake.daemon().connections(), 1) << "each use gave it back whole";
}

INSTANTIATE_TEST_SUITE_P(All, DaemonStoreVersions, testing::Values(18, 21, 23, 26, 34, 38));

TEST(DaemonStore, AsksTheOldestOnlyForWhatIsThere) {
  FakeStore fake({1, 16});  // where asking for another one is an error
  fake.put(FakeStore::path(7), FakeStore::nar_of("x"));
  const auto store = fake.open();
  EXPECT_EQ(store->path_infos({FakeStore::path(6), FakeStore::path(7)}).size(), 1U);
  EXPECT_EQ(read_nar(*store, FakeStore::path(7)), FakeStore::nar_of("x"));
}

TEST(DaemonStore, DropsAConnectionThatIsInTheMiddleOfSomething) {
  FakeStore fake;
  const auto nar = FakeStore::nar_of(std::string(3'000'000, 'x'));
  fake.put(FakeStore::path(7), nar);
  const auto store = fake.open();
  EXPECT_THROW(
      store->open_nar(FakeStore::path(7))->read_with([](Source&) { throw InvalidError("enough"); }),
      InvalidError);
  EXPECT_EQ(read_nar(*store, FakeStore::path(7)), nar);
  EXPECT_EQ(fake.daemon().connections(), 2);
}

TEST(DaemonStore, StopsSendingWhenTheDaemonSaysThatItFailed) {
  FakeStore fake;
  fake.special = [](const WorkerRequest& request,
                    FakeDaemon::Session& session) -> std::optional<bool> {
    if (!std::holds_alternative<AddToStoreNar>(request)) return std::nullopt;
    session.fail("path '\x1b[35;1mx\x1b[0m' lacks a valid signature");
    return true;
  };
  const auto store = fake.open();
  const auto nar = FakeStore::nar_of(std::string(4'000'000, 'x'));
  const auto added = nar_from_source(std::make_unique<StringSource>(nar));
  try {
    store->add(FakeStore::info(FakeStore::path(8), nar), *added);
    FAIL();
  } catch (const DeniedError& error) {
    EXPECT_EQ(error.message(), "path 'x' lacks a valid signature");
    EXPECT_NE(std::string(error.what()).find("while asking fake for AddToStoreNar"),
              std::string::npos);
  }
}

TEST(DaemonStore, NeverWaitsForOneThatSpeaksBeforeItListens) {
  FakeStore fake;
  fake.special = [](const WorkerRequest& request,
                    FakeDaemon::Session& session) -> std::optional<bool> {
    if (!std::holds_alternative<AddToStoreNar>(request)) return std::nullopt;
    for (int i = 0; i < 4000; ++i) session.frame(NextFrame{std::string(1000, 'l')});
    session.flush();
    return std::nullopt;
  };
  const auto store = fake.open();
  const auto nar = FakeStore::nar_of(std::string(4'000'000, 'x'));
  const auto added = nar_from_source(std::make_unique<StringSource>(nar));
  store->add(FakeStore::info(FakeStore::path(8), nar), *added);
  EXPECT_EQ(fake.nars().at(FakeStore::path(8)), nar);
}

class SilentObserver final : public CopyObserver {
 public:
  void planned(std::size_t, std::uint64_t) override {}
  void moved(std::uint64_t bytes) override { moved_ += bytes; }
  void copied(const PathInfo& info) override { copied_.push_back(info.path); }
  std::uint64_t moved_ = 0;
  std::vector<StorePath> copied_;
};

TEST(DaemonStore, SeveralPathsAreCopiedInOneRequestWhereThereIsOne) {
  const TemporaryDirectory directory;
  const auto from = LocalStore::open(StoreLocation::at_root(directory.path() / "from"));
  const auto nar = FakeStore::nar_of("x");
  std::set<StorePath> references;
  std::vector<StorePath> paths;
  for (const int number : {3, 1, 2}) {  // each refers to the ones before
    auto info = FakeStore::info(FakeStore::path(number), nar);
    info.references = references;
    StringSource bytes(nar);
    from->add_nar(info, bytes);
    references.insert(info.path);
    paths.push_back(info.path);
  }
  for (const unsigned minor : {31U, 34U}) {
    FakeStore fake({1, minor});
    const auto store = fake.open();
    SilentObserver observer;
    const auto result = copy_closure(*from, *store, {paths.back()}, {}, observer, {});
    EXPECT_EQ(result.paths, 3U);
    EXPECT_EQ(fake.nars().size(), 3U);
    EXPECT_EQ(observer.moved_, 3 * nar.size());
    EXPECT_EQ(observer.copied_.size(), 3U);
    EXPECT_EQ(fake.added_together(), minor < 32 ? std::vector<StorePath>() : paths);
  }
}

TEST(DaemonStore, WhatFailsAmongSeveralIsNamed) {
  const TemporaryDirectory directory;
  const auto from = LocalStore::open(StoreLocation::at_root(directory.path() / "from"));
  const auto nar = FakeStore::nar_of("x");
  for (const int number : {1, 2}) {
    StringSource bytes(nar);
    from->add_nar(FakeStore::info(FakeStore::path(number), nar), bytes);
  }
  std::filesystem::remove(from->real_path(FakeStore::path(2)));
  FakeStore fake;
  const auto store = fake.open();
  SilentObserver observer;
  try {
    copy_closure(*from, *store, {FakeStore::path(1), FakeStore::path(2)}, {}, observer, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what())
                  .find("while copying '" + StoreDir::nix().print(FakeStore::path(2)) + "'"),
              std::string::npos)
        << error.what();
  }
}

TEST(DaemonStore, AnEndThatIsGoneIsUnavailable) {
  FakeStore fake;
  fake.special = [](const WorkerRequest&, FakeDaemon::Session&) { return std::optional(false); };
  const auto store = fake.open();
  EXPECT_THROW(store->valid_among({FakeStore::path(1)}), UnavailableError);
}

TEST(DaemonStore, CanBeStopped) {
  FakeStore fake;
  std::stop_source stop;
  fake.special = [&](const WorkerRequest&, FakeDaemon::Session&) -> std::optional<bool> {
    stop.request_stop();
    return true;  // and never answers
  };
  const auto store = fake.open(stop.get_token());
  EXPECT_THROW(store->valid_among({FakeStore::path(1)}), CancelledError);
}

TEST(DaemonStore, KnowsRealisationsInTheWordsOfEachVersion) {
  for (const unsigned minor : {27U, 31U, 34U}) {
    FakeStore fake({1, minor});
    const DrvOutput known{Sha256{}, "out"};
    const Realisation realisation{known, FakeStore::path(1), {}};
    std::vector<Realisation> registered;
    fake.put(FakeStore::path(1), FakeStore::nar_of("x"));
    fake.put(FakeStore::path(2), FakeStore::nar_of("y"));
    fake.special = [&](const WorkerRequest& request,
                       FakeDaemon::Session& session) -> std::optional<bool> {
      if (const auto* asked = std::get_if<QueryRealisation>(&request)) {
        RealisationReply reply;
        const bool is_known = std::get<DrvOutput>(asked->output) == known;
        if (minor < 31) {
          std::set<StorePath> paths;
          if (is_known) paths.insert(realisation.out_path);
          reply.found = paths;
        } else {
          std::vector<Realisation> found;
          if (is_known) found.push_back(realisation);
          reply.found = found;
        }
        session.answer(reply);
        return true;
      }
      if (const auto* one = std::get_if<RegisterDrvOutput>(&request)) {
        registered.push_back(std::get<Realisation>(one->realisation));
        session.last();
        return true;
      }
      return std::nullopt;
    };
    const auto store = fake.open();
    const DrvOutput other{Sha256{}, "dev"};
    const auto found = store->realisations({known, other});
    ASSERT_EQ(found.size(), 1U) << minor;
    EXPECT_EQ(found.at(known).out_path, FakeStore::path(1));

    const Realisation differs{known, FakeStore::path(2), {}};
    const Realisation fresh{other, FakeStore::path(2), {}};
    const auto conflicts = store->register_realisations({differs, fresh});
    ASSERT_EQ(conflicts.size(), 1U);
    EXPECT_EQ(conflicts.front().kept, FakeStore::path(1));
    ASSERT_EQ(registered.size(), 1U);
    EXPECT_EQ(registered.front().id, other);
    EXPECT_THROW(store->register_realisations({{other, FakeStore::path(3), {}}}), InvalidError);
  }
}

TEST(DaemonStore, AsksNewerOnesForRealisationsByTheirDerivations) {
  const auto drv = StorePath::parse(std::string(32, '0') + "-a.drv");
  for (const bool newer : {true, false}) {
    std::set<std::string, std::less<>> features;
    if (newer) features.emplace(kFeatureRealisationWithPath);
    FakeStore fake(kWorkerVersion, features);
    fake.special = [](const WorkerRequest& request,
                      FakeDaemon::Session& session) -> std::optional<bool> {
      const auto* asked = std::get_if<QueryRealisation>(&request);
      if (asked == nullptr) return std::nullopt;
      RealisationReply reply;
      std::optional<RealisedOutput> found;
      if (std::get<OutputOfDerivation>(asked->output).output == "out") {
        found.emplace(RealisedOutput{FakeStore::path(1), {"k:AA=="}});
      }
      reply.found = found;
      session.answer(reply);
      return true;
    };
    const auto store = fake.open();
    const auto found = store->build_trace({{drv, "dev"}, {drv, "out"}});
    ASSERT_EQ(found.size(), newer ? 1U : 0U);
    if (newer) {
      EXPECT_EQ(found.begin()->second,
                (BuildTraceEntry{{drv, "out"}, FakeStore::path(1), {"k:AA=="}}));
    }
    EXPECT_EQ(fake.daemon().connections(), 2);
    EXPECT_EQ(store->build_trace({{drv, "out"}}).size(), newer ? 1U : 0U);
    EXPECT_EQ(fake.daemon().connections(), 2);
  }
}

WireDerivation some_derivation() {
  Derivation derivation;
  derivation.name = "made";
  derivation.system = "x86_64-linux";
  derivation.builder = "/bin/sh";
  derivation.outputs.emplace("out", InputAddressedOutput{FakeStore::path(1)});
  return {StorePath::parse(std::string(32, '0') + "-made.drv"), derivation};
}

class HeardBuild final : public RemoteBuildObserver {
 public:
  void log(std::string_view data) override { text += data; }
  void phase(std::string_view name) override { phases += name; }
  std::string text;
  std::string phases;
};

TEST(DaemonStore, TellsOfABuildWhileItRuns) {
  FakeStore fake;
  SetOptions options;
  fake.special = [&](const WorkerRequest& request,
                     FakeDaemon::Session& session) -> std::optional<bool> {
    if (const auto* set = std::get_if<SetOptions>(&request)) {
      options = *set;
      session.last();
      return true;
    }
    session.frame(StartActivityFrame{1, Verbosity::info, ActivityType::build, "", {}, 0});
    session.frame(ResultFrame{1, ActivityResult::set_phase, {std::string("unpack")}});
    session.frame(ResultFrame{1, ActivityResult::build_log_line, {std::string("one")}});
    session.frame(ResultFrame{1, ActivityResult::build_log_line, {std::string("two")}});
    WireBuildResult result;
    result.status = WireBuildStatus::permanent_failure;
    result.error = "no";
    session.answer(result);
    return true;
  };
  const auto store = fake.open();
  HeardBuild heard;
  const auto result =
      store->build_derivation(some_derivation(), {Seconds(7), Seconds(3), 100}, heard, {});
  EXPECT_EQ(result.status, WireBuildStatus::permanent_failure);
  EXPECT_EQ(heard.text, "one\ntwo\n");
  EXPECT_EQ(heard.phases, "unpack");
  EXPECT_EQ(options.max_silent_time, 3U);
  EXPECT_EQ(options.overrides.at("timeout"), "7");
  EXPECT_EQ(options.overrides.at("max-log-size"), "100");
}

TEST(DaemonStore, AStoppedBuildDropsItsConnection) {
  FakeStore fake;
  std::stop_source stop;
  fake.special = [&](const WorkerRequest& request,
                     FakeDaemon::Session& session) -> std::optional<bool> {
    if (std::holds_alternative<SetOptions>(request)) {
      session.last();
    } else {
      stop.request_stop();
    }
    return true;
  };
  {
    const auto store = fake.open();
    HeardBuild heard;
    EXPECT_THROW(store->build_derivation(some_derivation(), {}, heard, stop.get_token()),
                 CancelledError);
    for (int i = 0; fake.daemon().ended() == 0 && i < 1000; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(fake.daemon().ended(), 1) << "while the store is still there";
  }
}

}  // namespace
}  // namespace grange
