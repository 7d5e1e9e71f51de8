// Builders with a nested store, which is a fake here.

#include "build/nested_store.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "build/nested_socket.h"
#include "build/test_builder.h"

namespace grange {
namespace {

/// Adds one text for each builder, and shows it.
class FakeNestedStores final : public NestedStores {
 public:
  explicit FakeNestedStores(LocalStore& store) : store_(store) {}

  class Serving final : public NestedStore {
   public:
    Serving(FakeNestedStores& owner, FileDescriptor listening, NestedAttempt attempt)
        : owner_(owner), listening_(std::move(listening)), attempt_(std::move(attempt)) {
      owner_.attempts.push_back(attempt_);
      thread_ = std::jthread([this] {
        added_ = owner_.store_.add_text("added", "added while it ran", {});
        try {
          attempt_.show({*added_});
        } catch (const CancelledError&) {  // the builder was faster
        }
      });
    }
    ~Serving() override { ++owner_.ended; }
    std::set<StorePath> end() override {
      thread_.join();
      return {*added_};
    }

   private:
    FakeNestedStores& owner_;
    FileDescriptor listening_;
    NestedAttempt attempt_;
    std::optional<StorePath> added_;
    std::jthread thread_;
  };

  std::unique_ptr<NestedStore> serve(FileDescriptor listening, NestedAttempt attempt) override {
    return std::make_unique<Serving>(*this, std::move(listening), std::move(attempt));
  }

  std::vector<NestedAttempt> attempts;
  int ended = 0;

 private:
  LocalStore& store_;
};

class NestedStoreTest : public BuilderTest {
 protected:
  void SetUp() override {
    BuilderTest::SetUp();
    if (IsSkipped()) return;
    world().config.features.emplace_back(kNestedStoreFeature);
    stores_.emplace(world().store());
    world().nested = &*stores_;
  }

  static void ask(ScriptedStep& step) {
    step.derivation.environment["requiredSystemFeatures"] = kNestedStoreFeature;
  }

  std::optional<FakeNestedStores> stores_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, NestedStoreTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

TEST_P(NestedStoreTest, BuildersSeeWhatIsShownAndMayReferToIt) {
  const auto source = world().store().add_text("source", "a source", {});
  ScriptedStep step("outer",
                    "test -S .nix-socket; echo $NIX_REMOTE > $out\n"
                    "until [ -e /nix/store/*-added ]; do usleep 1000; done\n"
                    "cat /nix/store/*-added; echo /nix/store/*-added >> $out");
  ask(step);
  step.derivation.input_sources = {source};
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << "\n" << result.log_tail;
  EXPECT_EQ(world().observer.logged(), "added while it ran");
  ASSERT_EQ(stores_->attempts.size(), 1U);
  const auto& attempt = stores_->attempts[0];
  EXPECT_EQ(attempt.visible, std::set<StorePath>{source});
  EXPECT_TRUE(attempt.names.contains(step.output()));
  EXPECT_TRUE(attempt.names.contains(step.request.derivation_path));
  EXPECT_EQ(stores_->ended, 1);
  const auto text = world().read(step.output());
  EXPECT_TRUE(text.starts_with(sandboxed() ? "unix:///build/.nix-socket\n" : "unix://")) << text;
  const auto info = world().store().path_info(step.output());
  ASSERT_EQ(info->references.size(), 1U);
  EXPECT_EQ(info->references.begin()->name(), "added");
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(NestedStoreTest, OthersHaveNone) {
  ScriptedStep step("plain", "test ! -e .nix-socket; echo ${NIX_REMOTE-none} > $out");
  ASSERT_TRUE(build(step).good());
  EXPECT_EQ(world().read(step.output()), "none\n");
  EXPECT_TRUE(stores_->attempts.empty());
}

TEST_P(NestedStoreTest, EndsWhateverBecomesOfTheBuilder) {
  ScriptedStep step("failing", "exit 3");
  ask(step);
  EXPECT_EQ(build(step).outcome, Outcome::failed);
  EXPECT_EQ(stores_->ended, 1);
  ScriptedStep endless("endless", "while true; do sleep 1; done");
  ask(endless);
  std::stop_source stop;
  std::jthread stopper([&] {
    while (stores_->attempts.size() < 2) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THROW(build(endless, stop.get_token()), CancelledError);
  EXPECT_EQ(stores_->ended, 2);
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(NestedStoreTest, WithoutAServerTheyAreNotTried) {
  world().nested = nullptr;
  ScriptedStep step("refused", "echo > $out");
  ask(step);
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::unsupported);
  EXPECT_NE(result.message.find("only a daemon serves"), std::string::npos) << result.message;
}

TEST(NestedSocketTest, ListensInADirectoryWithALongPath) {
  const TemporaryDirectory temporary;
  const auto directory = temporary.path() / std::string(200, 'd');
  std::filesystem::create_directory(directory);
  const auto listening = listen_in(directory);
  EXPECT_TRUE(std::filesystem::is_socket(nested_socket_in(directory)));
  EXPECT_EQ(std::filesystem::status(nested_socket_in(directory)).permissions(),
            std::filesystem::perms(0600));
  EXPECT_THROW(listen_in(directory), SystemError);
}

}  // namespace
}  // namespace grange
