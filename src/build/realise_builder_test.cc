#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"
#include "build/realise_builder_fixture.h"

namespace grange {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

INSTANTIATE_TEST_SUITE_P(Worlds, RealiseBuilderTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

std::string nar_of_file(const std::string& content) {
  const TemporaryDirectory temporary;
  write_file(temporary.path() / "file", content);
  StringSink sink;
  dump_nar(temporary.path() / "file", sink);
  return sink.take();
}

/// Processes whose command line contains `text`.
std::size_t processes_with(const std::string& text) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    // A process may end at any moment: then its file says ESRCH, or nothing.
    const FileDescriptor file(::open((entry.path() / "cmdline").c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 65536> line;
    const auto size = file ? ::read(file.get(), line.data(), line.size()) : 0;
    if (size <= 0) continue;
    const std::string_view read(line.data(), static_cast<std::size_t>(size));
    if (read.find(text) != std::string_view::npos) ++count;
  }
  return count;
}

std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_P(RealiseBuilderTest, MakesAGraph) {
  const auto source = tests_.fixed("source", nar_of_file("text\n"), {}, "echo text > $out");
  const auto library =
      tests_.input_addressed("library", {{source}}, {"dev", "out"},
                             "busybox=/bin/busybox; $busybox cat " + tests_.output(source) +
                                 " > $out; echo header > $dev; echo made the library");
  const auto tool = tests_.input_addressed("tool", {}, {"out"}, "echo tool > $out");
  const auto program = tests_.input_addressed(
      "program", {{library, {"dev", "out"}}, {tool}}, {"out"},
      "/bin/busybox cat " + tests_.output(library) + " " + tests_.output(library, "dev") + " " +
          tests_.output(tool) + " > $out; echo " + tests_.output(library) + " >> $out");
  const auto done = run({program, tool});
  ASSERT_EQ(done->finished[0].outcome, Outcome::good) << done->finished[0].message;
  EXPECT_TRUE(done->finished[1].made);
  EXPECT_EQ(read(program), "text\nheader\ntool\n" + tests_.output(library) + "\n");
  EXPECT_EQ(done->observer.logged("library"), "made the library\n");
  EXPECT_THAT(done->observer.started, UnorderedElementsAre("source", "library", "tool", "program"));
  const auto info = world().store().path_info(StoreDir::nix().parse_path(tests_.output(program)));
  ASSERT_TRUE(info);
  EXPECT_THAT(info->references,
              testing::ElementsAre(StoreDir::nix().parse_path(tests_.output(library))));
  EXPECT_EQ(info->deriver, tests_.path(program));
  expect_tidy();

  const auto again = run({program, tool});
  EXPECT_TRUE(again->observer.started.empty());
  EXPECT_FALSE(again->finished[0].made);
}

TEST_P(RealiseBuilderTest, ADeadSourceIsReplacedByItsOtherRecipeAndOtherWorkGoesOn) {
  const std::string nar = nar_of_file("text\n");
  const auto dead = tests_.fixed("source", nar, {}, "echo no such host; exit 6");
  const auto wrong = tests_.fixed("source", nar, {}, "echo other > $out");
  const auto repaired = tests_.fixed("source", nar, {}, "echo text > $out");
  const auto program = tests_.input_addressed(
      "program", {{dead}}, {"out"}, "/bin/busybox cat " + tests_.output(dead) + " > $out");
  const auto broken = tests_.input_addressed("broken", {}, {"out"}, "echo it broke; exit 1");
  const auto above = tests_.input_addressed("above", {{broken}}, {"out"}, "echo > $out");
  write_derivations(tests_, world().eval_store());
  Done done(tests_.load());
  auto with = options();
  with.further_recipes = {tests_.index(done.graph, wrong), tests_.index(done.graph, repaired)};
  done.finished = realise(done.graph, world().eval_store(), world().store(), world().builder(),
                          requests(done, {program, above, broken}), with, done.observer, {});
  EXPECT_EQ(done.finished[0].outcome, Outcome::good) << done.finished[0].message;
  EXPECT_EQ(done.finished[1].outcome, Outcome::dependency_failed);
  EXPECT_EQ(done.finished[2].outcome, Outcome::failed);
  EXPECT_EQ(read(program), "text\n");
  std::vector<Outcome> of_source;
  for (const auto& [name, result] : done.observer.ended) {
    if (name == "source") of_source.push_back(result.outcome);
  }
  EXPECT_THAT(of_source,
              testing::ElementsAre(Outcome::failed, Outcome::hash_mismatch, Outcome::good));
  expect_tidy();
}

TEST_P(RealiseBuilderTest, TwoRunsOnOneStoreMakeEachOutputOnce) {
  std::vector<std::size_t> numbers;
  std::optional<std::size_t> last;
  for (int i = 0; i < 6; ++i) {
    std::vector<TestGraph::Input> inputs;
    if (last) inputs.push_back({*last});
    last = tests_.input_addressed("step-" + std::to_string(i), inputs, {"out"},
                                  "/bin/busybox sleep 0.02; echo $name > $out");
    numbers.push_back(*last);
  }
  BuilderWorld other(world().root());
  std::unique_ptr<Done> runs[2];
  write_derivations(tests_, world().eval_store());
  {
    std::jthread second([&] { runs[1] = run(numbers, options(), other); });
    runs[0] = run(numbers, options(), world());
  }
  std::map<std::string, int> made;
  for (const auto& done : runs) {
    for (const auto& finished : done->finished) EXPECT_EQ(finished.outcome, Outcome::good);
    for (const auto& [name, result] : done->observer.ended) {
      EXPECT_TRUE(result.good()) << result.message;
      made[name] += result.already_valid ? 0 : 1;
    }
  }
  EXPECT_EQ(made.size(), numbers.size());
  for (const auto& [name, times] : made) EXPECT_EQ(times, 1) << name;
  expect_tidy();
}

TEST_P(RealiseBuilderTest, AStopLeavesNoProcessLockOrHalfOutput) {
  const auto seconds = std::to_string(70'000 + ::getpid());  // no other process sleeps as long
  const auto slow = tests_.input_addressed("slow", {}, {"out"},
                                           "echo half > $out; /bin/busybox sleep " + seconds);
  const auto quick = tests_.input_addressed("quick", {}, {"out"}, "echo whole > $out");
  const auto top = tests_.input_addressed("top", {{slow}, {quick}}, {"out"}, "echo > $out");
  write_derivations(tests_, world().eval_store());
  world().builder();
  Done done(tests_.load());
  const std::size_t threads_before = thread_count();
  std::stop_source stop;
  {
    std::jthread interrupter([&](const std::stop_token& give_up) {
      while (processes_with(seconds) == 0 || !is_valid(quick)) {
        if (give_up.stop_requested()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      stop.request_stop();
    });
    EXPECT_THROW(realise(done.graph, world().eval_store(), world().store(), world().builder(),
                         requests(done, {top}), options(), done.observer, stop.get_token()),
                 CancelledError);
  }
  EXPECT_EQ(processes_with(seconds), 0U);
  EXPECT_EQ(thread_count(), threads_before);
  EXPECT_FALSE(is_valid(slow));
  EXPECT_TRUE(is_valid(quick)) << "what was made stays";
  ASSERT_EQ(done.observer.ended.size(), 2U);
  EXPECT_EQ(done.observer.ended[1].second.outcome, Outcome::aborted);
  expect_tidy();
}

TEST_P(RealiseBuilderTest, ATimeoutIsOneStepsAndTheRestGoesOn) {
  const auto slow =
      tests_.input_addressed("slow", {}, {"out"}, "echo begun; /bin/busybox sleep 1000");
  const auto quick = tests_.input_addressed("quick", {}, {"out"}, "echo whole > $out");
  write_derivations(tests_, world().eval_store());
  Done done(tests_.load());
  auto asked = requests(done, {slow, quick});
  asked[0].limits.timeout = Seconds(0.2);
  done.finished = realise(done.graph, world().eval_store(), world().store(), world().builder(),
                          asked, options(), done.observer, {});
  EXPECT_EQ(done.finished[0].outcome, Outcome::timed_out);
  EXPECT_EQ(done.finished[1].outcome, Outcome::good);
  expect_tidy();
}

}  // namespace
}  // namespace grange
