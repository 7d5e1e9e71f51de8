#include "build/remote_builder.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "archive/nar.h"
#include "base/error.h"
#include "build/test_builder.h"
#include "derivation/hash_modulo.h"

namespace grange {
namespace {

/// Tests do not wait for the disk.
std::unique_ptr<LocalStore> quick_store(const std::filesystem::path& root) {
  LocalStoreOptions options;
  options.fast_metadata = true;
  return LocalStore::open(StoreLocation::at_root(root), options);
}

/// Another machine: its own store, and a script instead of a builder.
class FakeMachine final : public BuildingStore {
 public:
  using Script = std::function<WireBuildResult(const Derivation&, RemoteBuildObserver&)>;

  explicit FakeMachine(const std::filesystem::path& root) : store_(quick_store(root)) {}

  LocalStore& local() { return *store_; }
  Script script;
  std::optional<Derivation> built;
  RemoteBuildLimits limits;

  /// Makes a file valid there; its path is whatever is specified.
  void put(const StorePath& path, std::string_view content,
           const std::set<StorePath>& references = {}) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "file", content);
    StringSink nar;
    dump_nar(directory.path() / "file", nar);
    PathInfo info(path, hash_bytes(HashAlgorithm::sha256, nar.text()));
    info.nar_size = nar.text().size();
    info.references = references;
    StringSource source(nar.text());
    store_->add_nar(info, source);
  }

  const StoreDir& store_dir() const override { return store_->store_dir(); }
  std::string describe() const override { return "the machine's store"; }
  std::set<StorePath> all_paths() override { return {}; }
  std::set<StorePath> valid_among(const std::set<StorePath>& paths) override {
    return store_->valid_among(paths);
  }
  std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths) override {
    return store_->path_infos(paths);
  }
  std::unique_ptr<NarStream> open_nar(const StorePath& path) override {
    return store_->open_nar(path);
  }
  void add(const PathInfo& info, NarStream& nar) override { store_->add(info, nar); }
  std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>& ids) override {
    return store_->realisations(ids);
  }
  std::vector<RealisationConflict> register_realisations(
      const std::vector<Realisation>& realisations) override {
    return store_->register_realisations(realisations);
  }
  std::size_t add_signatures(const StorePath& path,
                             const std::vector<std::string>& signatures) override {
    return store_->add_signatures(path, signatures);
  }
  std::optional<std::string> read_log(const StorePath&) override { return std::nullopt; }
  void write_log(const StorePath&, std::string_view) override {}

  WireBuildResult build_derivation(const WireDerivation& derivation, const RemoteBuildLimits& given,
                                   RemoteBuildObserver& observer, const std::stop_token&) override {
    built = derivation.derivation;
    limits = given;
    return script(derivation.derivation, observer);
  }

 private:
  std::unique_ptr<LocalStore> store_;
};

WireBuildResult ended_with(WireBuildStatus status, std::string error = "") {
  WireBuildResult result;
  result.status = status;
  result.error = std::move(error);
  return result;
}

class RemoteBuilderTest : public testing::Test {
 protected:
  RemoteBuilderTest()
      : eval_store_(quick_store(directory_.path() / "eval")),
        store_(quick_store(directory_.path() / "dest")),
        machine_(directory_.path() / "machine"),
        builder_(make_remote_builder(*eval_store_, *store_, machine_, clock_, {"far away"})) {}

  BuildResult build(ScriptedStep& step) {
    step.request.derivation = &step.derivation;
    return builder_->build(step.request, observer_, {});
  }

  /// A step whose one output follows from its content.
  static ScriptedStep floating_step(const std::string& name) {
    ScriptedStep step(name, "");
    step.derivation.outputs.clear();
    step.request.output_paths.clear();
    step.derivation.outputs.emplace(
        "out", FloatingOutput{{ContentMethod::recursive, HashAlgorithm::sha256}});
    step.request.drv_output_hash = sha256(name);
    return step;
  }
  static StorePath content_path(std::string_view name, std::string_view content) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "file", content);
    return make_content_addressed_path(
        StoreDir::nix(), name,
        {ContentMethod::recursive, hash_nar(directory.path() / "file").hash});
  }
  WireBuildResult realised(const ScriptedStep& step, const StorePath& path) {
    auto result = ended_with(WireBuildStatus::built);
    const DrvOutput id{*step.request.drv_output_hash, "out"};
    result.realisations.emplace(id, Realisation{id, path, {}});
    return result;
  }

  SystemClock clock_;
  TemporaryDirectory directory_;
  std::unique_ptr<LocalStore> eval_store_;
  std::unique_ptr<LocalStore> store_;
  FakeMachine machine_;
  RecordingObserver observer_;
  std::unique_ptr<Builder> builder_;
};

TEST_F(RemoteBuilderTest, CopiesThereBuildsAndCopiesBack) {
  const auto input = store_->add_text("input", "an input", {});
  const auto source = eval_store_->add_text("source", "a source", {});
  ScriptedStep step("made", "");
  step.derivation.inputs.emplace(repeated_path('a', "input.drv"), DerivationInput{{"out"}, {}});
  step.derivation.input_sources = {source};
  step.request.input_paths = {input};
  step.request.limits.timeout = Seconds(5);
  machine_.script = [&](const Derivation&, RemoteBuildObserver& observer) {
    EXPECT_EQ(machine_.valid_among({input, source}).size(), 2U);
    observer.log("working\n");
    observer.phase("unpacking");
    machine_.put(step.output(), "made of " + store_->store_dir().print(input), {input});
    return ended_with(WireBuildStatus::built);
  };
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(result.outputs, step.request.output_paths);
  EXPECT_TRUE(machine_.built->inputs.empty());
  EXPECT_EQ(machine_.built->input_sources, (std::set{input, source}));
  EXPECT_EQ(machine_.limits.timeout, Seconds(5));

  const auto info = store_->path_info(step.output());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->references, std::set{input});
  EXPECT_EQ(info->deriver, step.request.derivation_path);
  EXPECT_FALSE(info->ultimate);
  EXPECT_EQ(store_->read_log(step.request.derivation_path), "working\n");
  EXPECT_EQ(observer_.logged(), "working\n");
  EXPECT_EQ(observer_.phases(),
            (std::vector<std::string>{"copying sources", "copying inputs to far away",
                                      "building on far away", "unpacking",
                                      "copying outputs from far away"}));
  machine_.script = nullptr;
  EXPECT_TRUE(build(step).already_valid);
}

TEST_F(RemoteBuilderTest, AFailureIsThatOfTheDerivation) {
  ScriptedStep step("fails", "");
  machine_.script = [&](const Derivation&, RemoteBuildObserver& observer) {
    observer.log("what went wrong\n");
    return ended_with(WireBuildStatus::permanent_failure, "builder for \x1b[35m'x'\x1b[0m failed");
  };
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.message.find("builder for 'x' failed"), std::string::npos) << result.message;
  EXPECT_EQ(result.log_tail, "what went wrong");
  EXPECT_EQ(store_->read_log(step.request.derivation_path), "what went wrong\n");

  machine_.script = [](const Derivation&, RemoteBuildObserver&) {
    return ended_with(WireBuildStatus::timed_out);
  };
  EXPECT_EQ(build(step).outcome, Outcome::timed_out);
}

TEST_F(RemoteBuilderTest, WhatTheMachineSuffersIsNotTheDerivationsFault) {
  ScriptedStep step("made", "");
  machine_.script = [](const Derivation&, RemoteBuildObserver&) -> WireBuildResult {
    throw DeniedError("you are not privileged to build input-addressed derivations");
  };
  try {
    build(step);
    FAIL();
  } catch (const MachineError& error) {
    EXPECT_NE(std::string(error.what()).find("trusted-users"), std::string::npos) << error.what();
  }
  for (const auto status : {WireBuildStatus::transient_failure, WireBuildStatus::misc_failure}) {
    machine_.script = [&](const Derivation&, RemoteBuildObserver&) {
      return ended_with(status, "no space");
    };
    EXPECT_THROW(build(step), MachineError);
  }
  machine_.script = [](const Derivation&, RemoteBuildObserver&) {
    return ended_with(WireBuildStatus::built);  // and has nothing to show for it
  };
  EXPECT_THROW(build(step), MachineError);
  EXPECT_FALSE(store_->is_valid(step.output()));
}

TEST_F(RemoteBuilderTest, AFixedOutputIsHeldToItsHash) {
  ScriptedStep step("fixed", "");
  step.specify(ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, "specified"));
  machine_.script = [&](const Derivation&, RemoteBuildObserver&) {
    machine_.put(step.output(), "something else");
    return ended_with(WireBuildStatus::built);
  };
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::hash_mismatch) << result.message;
  EXPECT_FALSE(store_->is_valid(step.output()));
}

TEST_F(RemoteBuilderTest, AnOutputKnownByItsContentIsRealised) {
  auto step = floating_step("free");
  const auto path = content_path("free", "content");
  machine_.script = [&](const Derivation&, RemoteBuildObserver&) {
    machine_.put(path, "content");
    return realised(step, path);
  };
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(result.outputs.at("out"), path);
  EXPECT_TRUE(store_->path_info(path)->content_address.has_value());
  const DrvOutput id{*step.request.drv_output_hash, "out"};
  EXPECT_EQ(store_->realisations({id}).at(id).out_path, path);
  EXPECT_EQ(result.realisations.at("out").out_path, path);
}

TEST_F(RemoteBuilderTest, AContentThatHasAnotherPathIsRejected) {
  auto step = floating_step("free");
  const auto path = content_path("free", "content");
  machine_.script = [&](const Derivation&, RemoteBuildObserver&) {
    machine_.put(path, "something else");
    return realised(step, path);
  };
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::output_rejected);
  EXPECT_NE(result.message.find("is not what its path is made of"), std::string::npos)
      << result.message;
  EXPECT_FALSE(store_->is_valid(path));

  machine_.script = [](const Derivation&, RemoteBuildObserver&) {
    return ended_with(WireBuildStatus::built);  // without a word about where
  };
  EXPECT_EQ(build(step).outcome, Outcome::output_rejected);
}

TEST_F(RemoteBuilderTest, ChecksNothing) {
  ScriptedStep step("made", "");
  step.request.policy.mode = BuildPolicy::Mode::check;
  EXPECT_EQ(build(step).outcome, Outcome::unsupported);
}

}  // namespace
}  // namespace grange
