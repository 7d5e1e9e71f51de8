#include <chrono>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/nar.h"
#include "base/file.h"
#include "base/text.h"
#include "build/realise_builder_fixture.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What depends on content: floating, deferred and impure derivations.
class RealiseContentTest : public RealiseBuilderTest {
 protected:
  using RealiseBuilderTest::read;
  std::string read(const StorePath& path) { return world().read(path); }
  static StorePath output(const Done& done, std::size_t want = 0, const std::string& name = "out") {
    return done.finished.at(want).outputs.at(name);
  }
  DrvOutput id(const Done& done, std::size_t number, const std::string& name = "out") const {
    return {done.graph.drv_output_hash(tests_.index(done.graph, number)).value(), name};
  }
  void expect_good(const Done& done) {
    for (const auto& finished : done.finished) {
      EXPECT_EQ(finished.outcome, Outcome::good) << finished.message;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Worlds, RealiseContentTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

TEST_P(RealiseContentTest, PathsFollowFromContent) {
  const auto below = tests_.floating("below", {}, {"out"}, "echo text > $out");
  const auto above = tests_.floating("above", {{below}}, {"out"},
                                     "echo " + tests_.placeholder_of(below) + " > $out");
  const auto done = run({above, below});
  expect_good(*done);
  EXPECT_EQ(read(output(*done)), StoreDir::nix().print(output(*done, 1)) + "\n");
  const auto info = world().store().path_info(output(*done));
  ASSERT_TRUE(info && info->content_address);
  EXPECT_EQ(info->references, std::set<StorePath>{output(*done, 1)});
  EXPECT_EQ(make_content_addressed_path(StoreDir::nix(), "above", *info->content_address,
                                        {info->references, false}),
            output(*done));
  EXPECT_TRUE(world().store().is_valid(*info->deriver)) << "the resolved derivation";
  EXPECT_NE(*info->deriver, tests_.path(above));

  const auto& realisation = done->finished[0].realisations.at("out");
  EXPECT_EQ(realisation.id, id(*done, above));
  const std::map<DrvOutput, StorePath> made_from{{id(*done, below), output(*done, 1)}};
  EXPECT_EQ(realisation.dependencies, made_from);
  EXPECT_EQ(world().store().realisations({id(*done, above)}).at(id(*done, above)), realisation);
  EXPECT_EQ(world().store().read_log(tests_.path(above)), "");
  expect_tidy();

  const auto again = run({above});
  EXPECT_THAT(again->observer.started, IsEmpty());
  EXPECT_EQ(output(*again), output(*done));
}

TEST_P(RealiseContentTest, OutputsMayReferToThemselvesAndEachOther) {
  const auto multi = tests_.floating("multi", {}, {"dev", "out"},
                                     "/bin/busybox mkdir $out; echo me: $out/file > $out/file; "
                                     "/bin/busybox ln -s $out/file $out/link; echo $out > $dev");
  const auto done = run({multi});
  expect_good(*done);
  const auto out = StoreDir::nix().print(output(*done));
  EXPECT_EQ(world().read(output(*done), "file"), "me: " + out + "/file\n");
  EXPECT_EQ(std::filesystem::read_symlink(world().store().real_path(output(*done)) / "link"),
            out + "/file");
  EXPECT_EQ(read(output(*done, 0, "dev")), out + "\n");
  const auto info = world().store().path_info(output(*done));
  EXPECT_EQ(info->references, std::set<StorePath>{output(*done)});
  EXPECT_EQ(info->nar_hash, hash_nar(world().store().real_path(output(*done))).hash);
  expect_tidy();
}

TEST_P(RealiseContentTest, ACircleOfOutputsIsRejected) {
  const auto multi =
      tests_.floating("multi", {}, {"dev", "out"}, "echo $out > $dev; echo $dev > $out");
  const auto done = run({multi});
  EXPECT_EQ(done->finished[0].outcome, Outcome::output_rejected);
  EXPECT_THAT(done->finished[0].message, HasSubstr("refer to each other"));
  expect_tidy();
}

TEST_P(RealiseContentTest, AnInputOfTheSameContentCutsOff) {
  const auto build = [&](const std::string& comment) {
    const auto below = tests_.floating("below", {}, {"out"}, "echo text > $out; : " + comment);
    const auto middle =
        tests_.floating("middle", {{below}}, {"out"},
                        "read -r t < " + tests_.placeholder_of(below) + "; echo $t > $out");
    return tests_.deferred("top", {{middle}},
                           "/bin/busybox cat " + tests_.placeholder_of(middle) + " > $out");
  };
  const auto first = run({build("one")});
  expect_good(*first);
  EXPECT_THAT(first->observer.started, ElementsAre("below", "middle", "top"));
  EXPECT_EQ(read(output(*first)), "text\n");
  const auto second = run({build("another")});
  expect_good(*second);
  EXPECT_THAT(second->observer.started, ElementsAre("below"));
  EXPECT_EQ(second->observer.counts.cut_off, 2U);
  EXPECT_EQ(output(*second), output(*first));
  // By its own id it is known from now on.
  EXPECT_THAT(run({build("another")})->observer.started, IsEmpty());
  expect_tidy();
}

TEST_P(RealiseContentTest, WhatComesToTheSameIsMadeOnce) {
  const auto one = tests_.floating("same", {}, {"out"}, "echo text > $out; : one");
  const auto other = tests_.floating("same", {}, {"out"}, "echo text > $out; : other");
  const auto script = [&](std::size_t input) {
    return "/bin/busybox sleep 0.2; echo " + tests_.placeholder_of(input) + " > $out";
  };
  const auto above_one = tests_.floating("above", {{one}}, {"out"}, script(one));
  const auto above_other = tests_.floating("above", {{other}}, {"out"}, script(other));
  const auto done = run({above_one, above_other});
  expect_good(*done);
  EXPECT_EQ(done->observer.counts.made, 3U);
  EXPECT_EQ(done->observer.counts.cut_off, 1U);
  EXPECT_EQ(output(*done, 0), output(*done, 1));
  expect_tidy();
}

TEST_P(RealiseContentTest, TheFirstRealisationStays) {
  const auto random = tests_.floating(
      "random", {}, {"out"}, "/bin/busybox head -c 20 /dev/urandom | /bin/busybox base64 > $out");
  const auto first = run({random});
  expect_good(*first);
  // Somebody else has built it before us, and tells of it while we build.
  BuilderWorld other(directory_.path() / "other");
  write_derivations(tests_, other.eval_store());
  Done done(tests_.load());
  const auto winner = other.store().add_text("random", "the winner", {});
  done.observer.on_started = [&](const std::string&) {
    other.store().register_realisations({{id(done, random), winner, {}}});
    done.observer.on_started = [](const std::string&) {};
  };
  auto with = options();
  done.finished = realise(done.graph, other.eval_store(), other.store(), other.builder(),
                          requests(done, {random}), with, done.observer, {});
  expect_good(done);
  EXPECT_EQ(output(done), winner);
}

TEST_P(RealiseContentTest, ImpureOnesAreMadeAnewEachTime) {
  const auto impure = tests_.impure("now", "/bin/busybox head -c 9 /dev/urandom > $out");
  const auto first = run({impure});
  const auto second = run({impure});
  expect_good(*first);
  expect_good(*second);
  EXPECT_NE(output(*first), output(*second));
  EXPECT_TRUE(first->finished[0].realisations.empty());
  EXPECT_THAT(second->observer.started, ElementsAre("now"));
  expect_tidy();
}

TEST_P(RealiseContentTest, WhatIsPureMustNotUseWhatIsImpure) {
  const auto impure = tests_.impure("now", "echo > $out");
  const auto pure = tests_.deferred("pure", {{impure}}, "echo > $out");
  const auto done = run({pure});
  EXPECT_EQ(done->finished[0].outcome, Outcome::unsupported);
  EXPECT_THAT(done->finished[0].message, HasSubstr("depends on impure derivation"));
}

TEST_P(RealiseContentTest, KnownFailuresAreOfWhatWasResolved) {
  const auto below = tests_.floating("below", {}, {"out"}, "echo text > $out");
  const auto above =
      tests_.floating("above", {{below}}, {"out"}, "exit 3; : " + tests_.placeholder_of(below));
  const auto first = run({above});
  EXPECT_EQ(first->finished[0].outcome, Outcome::failed);
  const auto& failed = first->observer.ended.back().second;
  ASSERT_TRUE(failed.resolved_as && failed.resolved_as->output_set);
  auto with = options();
  with.known_failure = [&](const TriedRecipe& tried,
                           const BuildPolicy&) -> std::optional<BuildResult> {
    if (tried.output_set != failed.resolved_as->output_set) return std::nullopt;
    return failed;
  };
  const auto second = run({above}, with, world());
  EXPECT_EQ(second->finished[0].outcome, Outcome::failed);
  EXPECT_THAT(second->finished[0].message, HasSubstr("not tried again"));
  EXPECT_THAT(second->observer.started, IsEmpty());
}

}  // namespace
}  // namespace grange
