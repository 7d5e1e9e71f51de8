#include "daemon/nested_store_server.h"

#include <condition_variable>
#include <csignal>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "build/nested_socket.h"
#include "daemon/build_service.h"
#include "derivation/aterm.h"
#include "plan/test_graph.h"
#include "store/daemon_connection.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

using testing::UnorderedElementsAre;

class NestedStoreServerTest;

/// Makes outputs without any process. The builder of "outer" is a function of the test, which has a
/// nested store; that of "endless" ends when it is cancelled.
class NestedTestBuilder final : public Builder {
 public:
  NestedTestBuilder(NestedStoreServerTest& test, LocalStore& session)
      : test_(test), session_(session) {}
  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override;

 private:
  NestedStoreServerTest& test_;
  LocalStore& session_;
};

class NestedStoreServerTest : public StoreTest {
 public:
  using Outer = std::function<void(const std::function<DaemonConnection()>& connect)>;
  Outer outer;
  std::atomic<bool> cancelled{false};
  std::atomic<bool> endless_runs{false};

  /// A nested store, its clients, and what it shows.
  struct Nested {
    Nested(NestedStores& server, std::set<StorePath> names, std::set<StorePath> visible) {
      NestedAttempt attempt;
      attempt.names = std::move(names);
      attempt.visible = std::move(visible);
      attempt.builder = ::geteuid();
      attempt.show = [this](const std::set<StorePath>& paths) {
        const MutexLock lock(mutex);
        shown.insert(paths.begin(), paths.end());
      };
      serving = server.serve(listen_in(directory.path()), std::move(attempt));
    }
    DaemonConnection connect() const {
      return {StorePeer::connect(nested_socket_in(directory.path()), "the nested store"),
              StoreDir::nix(),
              {}};
    }
    TemporaryDirectory directory;
    Mutex mutex;
    std::set<StorePath> shown;
    std::unique_ptr<NestedStore> serving;
  };

  NestedStores& server() { return *server_; }

 protected:
  NestedStoreServerTest()
      : substituters_({}, 1),
        builds_(
            std::in_place, store(),
            [this](LocalStore& session) {
              return std::make_unique<NestedTestBuilder>(*this, session);
            },
            1),
        context_{store(), *builds_, substituters_, settings_, {}},
        server_(std::in_place, context_) {
    std::signal(SIGPIPE, SIG_IGN);  // as a daemon does
  }
  ~NestedStoreServerTest() override { builds_.reset(); }

  /// The error of what must fail, on a connection of its own.
  template <typename Request>
  static std::string refusal(const Nested& nested, const Request& request) {
    try {
      nested.connect().ask(request);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  static void add_archive(const Nested& nested, const PathInfo& info, const std::string& nar) {
    nested.connect().ask_with(AddToStoreNar{info, false, true},
                              [&](Sink& sink) { sink.write(nar); });
  }

  void write_derivations() {
    for (std::size_t i = 0; i < tests.size(); ++i) {
      const auto& path = tests.path(i);
      const auto derivation = parse_aterm(tests.store_dir(), path.derivation_name(), tests.text(i));
      store().add_text(path.name(), tests.text(i), derivation_references(derivation));
    }
  }

  /// Has "outer" built; what it said went wrong.
  std::string build(std::size_t number) {
    class Listener final : public BuildListener {
     public:
      void attempt_started(const StorePath&) override {}
      void attempt_finished(const StorePath&, const BuildResult&) override {}
      void log(const StorePath&, std::string_view) override {}
      void phase(const StorePath&, std::string_view) override {}
      void ended(std::vector<GrantedWish> granted) override {
        const MutexLock lock(mutex);
        wish = std::move(granted.at(0));
        changed.notify_all();
      }
      Mutex mutex;
      std::condition_variable_any changed;
      std::optional<GrantedWish> wish;
    };
    const auto listener = std::make_shared<Listener>();
    const auto ticket = builds_->ask({{tests.path(number), {}}}, {}, listener);
    const MutexLock lock(listener->mutex);
    while (!listener->wish) listener->changed.wait(listener->mutex);
    return listener->wish->outcome == Outcome::good ? "" : listener->wish->message;
  }

  TestGraph tests;

 private:
  DaemonSettings settings_;
  SubstituterChoices substituters_;
  std::optional<BuildService> builds_;
  DaemonContext context_;
  std::optional<NestedStoreServer> server_;
};

BuildResult NestedTestBuilder::build(const BuildRequest& request, BuildObserver&,
                                     std::stop_token stop) {
  BuildResult result;
  const auto& name = request.derivation->name;
  if (name == "outer") {
    std::set<StorePath> names{request.derivation_path};
    for (const auto& [output, path] : request.output_paths) names.insert(path);
    NestedStoreServerTest::Nested nested(test_.server(), std::move(names),
                                         {request.derivation->input_sources});
    try {
      test_.outer([&] { return nested.connect(); });
    } catch (const Error& error) {
      result.outcome = Outcome::failed;
      result.message = error.what();
      return result;
    }
  }
  if (name == "endless") {
    test_.endless_runs = true;
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    test_.cancelled = true;
    result.outcome = Outcome::aborted;
    return result;
  }
  result.outcome = Outcome::good;
  for (const auto& [output, path] : request.output_paths) {
    const TemporaryDirectory temporary;
    write_file(temporary.path() / "file", name);
    StringSink nar;
    dump_nar(temporary.path() / "file", nar);
    PathInfo info(path, hash_bytes(HashAlgorithm::sha256, nar.text()));
    info.nar_size = nar.text().size();
    StringSource source(nar.text());
    session_.add_nar(info, source);
    result.outputs.emplace(output, path);
  }
  return result;
}

TEST_F(NestedStoreServerTest, WhatIsNoInputDoesNotExist) {
  const auto hidden = store().add_text("hidden", "secret", {});
  const auto input = store().add_text("input", "not secret", {});
  store().add_text("above", "both", {hidden, input});
  Nested nested(server(), {path("outer")}, {input});
  auto client = nested.connect();
  EXPECT_EQ(client.info().server.trust, PeerTrust::not_trusted);
  EXPECT_TRUE(client.ask(IsValidPath{input}));
  EXPECT_FALSE(client.ask(IsValidPath{hidden}));
  EXPECT_THAT(client.ask(QueryAllValidPaths{}), UnorderedElementsAre(input));
  EXPECT_THAT(client.ask(QueryValidPaths{{input, hidden}, false}), UnorderedElementsAre(input));
  EXPECT_TRUE(client.ask(QueryReferrers{input}).empty());
  EXPECT_FALSE(client.ask(QueryPathInfo{hidden}).info.has_value());
  EXPECT_FALSE(client.ask(QueryPathFromHashPart{std::string(hidden.hash_part())}).has_value());
  EXPECT_TRUE(client.ask(FindRoots{}).empty());
  EXPECT_NE(refusal(nested, QueryReferences{hidden}).find("is not valid"), std::string::npos);
  EXPECT_NE(refusal(nested, QueryReferrers{hidden}).find("is not valid"), std::string::npos);
  EXPECT_NE(refusal(nested, EnsurePath{hidden}).find("is not valid"), std::string::npos);
  EXPECT_NE(refusal(nested, BuildPaths{{DerivedPath::opaque(hidden)}, BuildMode::normal})
                .find("is not valid"),
            std::string::npos);
}

TEST_F(NestedStoreServerTest, WhatItAddsIsShown) {
  const auto hidden = store().add_text("hidden", "secret", {});
  const auto known = store().add_text("known", "by its content", {});
  Nested nested(server(), {path("outer")}, {});
  auto client = nested.connect();
  const auto added = client.ask(AddTextToStore{"added", "text", {}});
  const auto above = client.ask(AddTextToStore{"above", "text", {added}});
  EXPECT_EQ(client.ask(AddTextToStore{"known", "by its content", {}}), known);
  EXPECT_TRUE(client.ask(IsValidPath{above}));
  EXPECT_EQ(client.ask(QueryReferrers{added}), std::set<StorePath>{above});
  EXPECT_NE(refusal(nested, AddTextToStore{"more", "text", {hidden}}).find("is not valid"),
            std::string::npos);
  EXPECT_THAT(nested.serving->end(), UnorderedElementsAre(added, above, known));
  EXPECT_THAT(nested.shown, UnorderedElementsAre(added, above, known));
  EXPECT_THROW(client.ask(IsValidPath{added}), Error);
}

TEST_F(NestedStoreServerTest, ArchivesMustBeSignedOrKnown) {
  const auto nar = nar_of("secret");
  const auto hidden = add(path("hidden"), "secret");
  Nested nested(server(), {path("outer")}, {});
  EXPECT_THROW(add_archive(nested, info_of(path("unsigned", '1'), nar), nar), Error);
  // Naming it is not enough, having it is.
  EXPECT_THROW(add_archive(nested, info_of(hidden, nar_of("guess")), nar_of("guess")), Error);
  EXPECT_THROW(add_archive(nested, info_of(hidden, nar), nar_of("guess")), Error);
  EXPECT_TRUE(nested.shown.empty());
  add_archive(nested, info_of(hidden, nar), nar);
  EXPECT_THAT(nested.shown, UnorderedElementsAre(hidden));
  // What it refers to must be visible, too.
  const auto above = add(path("above", '2'), "secret", {store().add_text("other", "x", {})});
  EXPECT_THROW(add_archive(nested, info_of(above, nar), nar), Error);
}

TEST_F(NestedStoreServerTest, TheStoreAsAWholeIsNotItsToTouch) {
  const auto input = store().add_text("input", "", {});
  Nested nested(server(), {path("outer")}, {input});
  EXPECT_NE(refusal(nested, CollectGarbage{}).find("not allowed"), std::string::npos);
  CollectGarbage one;
  one.action = GarbageAction::delete_specific;
  one.paths = {input};
  one.whole_store = false;
  EXPECT_NE(refusal(nested, one).find("not allowed"), std::string::npos) << refusal(nested, one);
  EXPECT_NE(refusal(nested, OptimiseStore{}).find("not allowed"), std::string::npos);
  EXPECT_NE(refusal(nested, VerifyStore{}).find("not allowed"), std::string::npos);
  EXPECT_NE(refusal(nested, AddSignatures{input, {"x:y"}}).find("not allowed"), std::string::npos);
  EXPECT_NE(refusal(nested, AddPermRoot{input, "/tmp/root"}), "");
  auto client = nested.connect();
  client.ask(AddTempRoot{input});
  client.ask(AddIndirectRoot{"/nowhere"});
  EXPECT_TRUE(store().is_valid(input));
}

TEST_F(NestedStoreServerTest, ABuilderIsNotKeptWaitingForItself) {
  const auto own = store().add_text("own", "output", {});
  store().invalidate(own);
  std::filesystem::remove(store().real_path(own));
  const auto lock = store().lock({own}, {});
  Nested nested(server(), {own}, {});
  EXPECT_NE(refusal(nested, AddTextToStore{"own", "output", {}}).find("is being made"),
            std::string::npos);
  // What others have locked is waited for, until the builder ends.
  const auto theirs = make_text_path(StoreDir::nix(), "theirs", "output", {});
  const auto other = store().lock({theirs}, {});
  auto client = nested.connect();
  std::jthread waiting([&] {
    EXPECT_THROW(client.ask(AddTextToStore{"theirs", "output", {}}), Error);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  nested.serving->end();
}

TEST_F(NestedStoreServerTest, BuildsGoOnWhileTheirOneSlotIsTaken) {
  const auto low = tests.input_addressed("low", {});
  const auto other = tests.input_addressed("other", {});
  const auto inner = tests.input_addressed("inner", {{low}, {other}});
  const auto top = tests.input_addressed("outer", {});
  write_derivations();
  std::set<StorePath> seen;
  outer = [&](const auto& connect) {
    auto client = connect();
    for (const auto number : {low, other, inner}) {
      const auto text = tests.text(number);
      const auto& name = tests.path(number);
      client.ask(AddTextToStore{
          std::string(name.name()), text,
          derivation_references(parse_aterm(tests.store_dir(), name.derivation_name(), text))});
    }
    client.ask(BuildPaths{{DerivedPath::all_of(tests.path(inner))}, BuildMode::normal});
    seen = client.ask(QueryAllValidPaths{});
  };
  EXPECT_EQ(build(top), "");
  EXPECT_EQ(seen.size(), 4U);  // derivations, and the one output that was asked for
}

TEST_F(NestedStoreServerTest, WhoAsksForItselfHearsOfIt) {
  const auto top = tests.input_addressed("outer", {});
  const auto above = tests.input_addressed("above", {{top}});
  write_derivations();
  outer = [&](const auto& connect) {
    auto client = connect();
    const auto add = [&](std::size_t number) {
      const auto& name = tests.path(number);
      client.ask(
          AddTextToStore{std::string(name.name()), tests.text(number),
                         derivation_references(parse_aterm(
                             tests.store_dir(), name.derivation_name(), tests.text(number)))});
    };
    add(top);
    add(above);
    client.ask(BuildPaths{{DerivedPath::all_of(tests.path(above))}, BuildMode::normal});
  };
  EXPECT_NE(build(top).find("waits for this builder"), std::string::npos);
}

TEST_F(NestedStoreServerTest, TheEndOfTheBuilderCancelsWhatItAskedFor) {
  const auto endless = tests.input_addressed("endless", {});
  write_derivations();
  Nested nested(server(), {path("outer")}, {tests.path(endless)});
  auto client = nested.connect();
  std::jthread waiting([&] {
    EXPECT_THROW(
        client.ask(BuildPaths{{DerivedPath::all_of(tests.path(endless))}, BuildMode::normal}),
        Error);
  });
  while (!endless_runs) std::this_thread::yield();
  EXPECT_TRUE(nested.serving->end().empty());
  waiting.join();
  while (!cancelled) std::this_thread::yield();
}

TEST_F(NestedStoreServerTest, ManyClientsAndSilentOnesAreCutOff) {
  Nested nested(server(), {path("outer")}, {});
  std::vector<std::unique_ptr<StorePeer>> silent;
  silent.reserve(100);
  for (int i = 0; i < 100; ++i) {
    silent.push_back(StorePeer::connect(nested_socket_in(nested.directory.path()), "nested"));
  }
  nested.serving->end();
  EXPECT_THROW(silent.front()->write(std::string(100'000, 'x')), Error);
}

}  // namespace
}  // namespace grange
