#include "evaluate/eval_jobs.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "base/error.h"
#include "base/text.h"
#include "derivation/target_map.h"
#include "evaluate/eval_jobs_line.h"
#include "evaluate/nix_message.h"
#include "evaluate/selection.h"
#include "evaluate/walker_expression.h"

namespace grange {
namespace {

/// How long a stop may go unnoticed.
constexpr int kTickMilliseconds = 50;
constexpr std::size_t kMostJobsNoise = 256 << 10;

std::vector<std::string> words_of(const Selection& selection, const EvaluateOptions& options) {
  const std::uint64_t mebibytes = std::max<std::uint64_t>(options.max_memory >> 20, 1);
  std::vector<std::string> words = {options.nix_eval_jobs_program,
                                    "--workers",
                                    std::to_string(std::max(options.workers, 1U)),
                                    "--max-memory-size",
                                    std::to_string(mebibytes),
                                    "--meta",
                                    "--constituents"};
  const auto arguments = selection_arguments(selection);
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto paths = nlohmann::json::array();
  if (!selection.attributes.empty()) paths = selected_paths(selection);
  words.insert(words.end(), {"--argstr", std::string(kAttributesArgument), paths.dump()});
  return words;
}

}  // namespace

struct EvalJobs::Streams {
  struct Stream {
    FileDescriptor descriptor;
    LineBuffer lines;
    /// False when there was nothing more to read.
    bool read() { return lines.read_from(descriptor.get()); }
  };
  Stream output;
  Stream errors;
};

EvalJobs::EvalJobs(const Selection& selection, const EvaluateOptions& options, const Clock& clock,
                   TargetSink& sink, std::stop_token stop)
    : options_(options),
      clock_(clock),
      stop_(std::move(stop)),
      title_(selection_title(selection)),
      space_(options, selection_expression()),
      arguments_(words_of(selection, options)),
      facts_(evaluation_root(options)),
      sink_(sink) {}

ChildProcess EvalJobs::start(Streams& streams) const {
  auto [output, output_end] = make_pipe();
  auto [errors, errors_end] = make_pipe();
  for (const int descriptor : {output.get(), errors.get()}) {
    if (::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) throw_errno("setting up a pipe");
  }
  streams.output.descriptor = std::move(output);
  streams.errors.descriptor = std::move(errors);
  SpawnOptions spawn;
  spawn.arguments = arguments_;
  const auto& store = space_.store_words();
  spawn.arguments.insert(spawn.arguments.end(), store.begin(), store.end());
  spawn.arguments.push_back(space_.expression_file().string());
  spawn.arguments = space_.words_of(std::move(spawn.arguments));
  spawn.environment = space_.environment();
  spawn.standard_output = output_end.get();
  spawn.standard_error = errors_end.get();
  return ChildProcess::spawn(spawn);
}

EvaluationSummary EvalJobs::run() {
  Streams streams;
  ChildProcess process = start(streams);
  const auto began = clock_.monotonic();
  auto last_line = began;
  std::optional<ExitStatus> status;
  while (true) {
    // Looked at first: what it wrote before it ended is read below.
    status = process.wait_until(clock_.monotonic());
    bool more = streams.output.read();
    more = streams.errors.read() || more;
    while (const auto line = streams.errors.lines.next()) take_noise(*line);
    while (problem_.empty()) {
      const auto line = streams.output.lines.next();
      if (!line) break;
      last_line = clock_.monotonic();
      take_line(*line);
    }
    if (stop_.stop_requested()) throw CancelledError("the evaluation was stopped");
    if (streams.output.lines.overflowed() || streams.errors.lines.overflowed()) {
      problem_ =
          "nix-eval-jobs printed a line longer than " + format_bytes(LineBuffer::kLongestLine);
    } else if (options_.imports && options_.imports->waits(0)) {
      last_line = clock_.monotonic();
    } else if (clock_.monotonic() - last_line > options_.attribute_timeout) {
      problem_ = "nix-eval-jobs printed nothing for " +
                 format_duration(options_.attribute_timeout.count());
    }
    if (problem_.empty() && options_.timeout.count() > 0 &&
        clock_.monotonic() - began > options_.timeout) {
      problem_ = "evaluating " + title_ + " took more than " +
                 format_duration(options_.timeout.count()) + " in all";
    }
    if (!problem_.empty()) break;
    if (more) continue;
    if (status) return conclude(*status);
    wait_for_output(streams, process.poll_descriptor());
  }
  process.kill(SIGKILL);
  return conclude(process.wait());
}

void EvalJobs::wait_for_output(const Streams& streams, int end) const {
  pollfd descriptors[] = {{streams.output.descriptor.get(), POLLIN, 0},
                          {streams.errors.descriptor.get(), POLLIN, 0},
                          {end, POLLIN, 0}};
  // A closed stream is always readable.
  for (auto& descriptor : descriptors) {
    pollfd probe = descriptor;
    if (::poll(&probe, 1, 0) > 0 && (probe.revents & POLLHUP) != 0) descriptor.fd = -1;
  }
  if (::poll(descriptors, std::size(descriptors), kTickMilliseconds) < 0 && errno != EINTR) {
    throw_errno("waiting for nix-eval-jobs");
  }
}

void EvalJobs::take_line(std::string_view text) {
  try {
    auto line = parse_eval_jobs_line(text);
    auto label = make_label(line.attr_path);
    if (!line.error.empty()) {
      sink_.error({std::move(label), std::move(line.attr_path), std::move(line.error)});
      return;
    }
    try {
      auto target = facts_.target(line.attr_path, line.derivation_path);
      target.meta_json = std::move(line.meta_json);
      target.constituents = std::move(line.constituents);
      sink_.target(std::move(target));
    } catch (const NotFoundError& error) {
      sink_.error({std::move(label), std::move(line.attr_path), error.what()});
    } catch (const InvalidError& error) {
      sink_.error({std::move(label), std::move(line.attr_path), error.what()});
    }
  } catch (const CorruptError& error) {
    problem_ = error.what();
  }
}

void EvalJobs::take_noise(std::string_view line) {
  if (line.starts_with("trace: ") || line.starts_with("warning: ")) sink_.message(to_utf8(line));
  if (noise_.size() + line.size() < kMostJobsNoise) noise_.append(line).append("\n");
}

EvaluationSummary EvalJobs::conclude(const ExitStatus& status) {
  if (problem_.empty() && !status.success()) {
    const auto message = nix_error_message(noise_, space_.expression_file().string());
    const bool nothing_seen = sink_.targets() + sink_.errors() == 0;
    if (nothing_seen && status.signal == 0 && !message.empty()) {
      throw InvalidError("cannot evaluate " + title_ + ": " + message);
    }
    problem_ = "nix-eval-jobs ended with " + status.to_string();
    if (!message.empty()) problem_ += ": " + message;
  }
  sink_.finish(problem_.empty());
  return {problem_.empty(), sink_.targets(), sink_.errors(), problem_};
}

}  // namespace grange
