#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "build/builtin_fetchurl.h"
#include "build/run_builder.h"
#include "build/store_builtins.h"

namespace grange {
namespace {

class Builtin {
 public:
  Builtin(const AttemptContext& context, const BuilderRun& run, LogCapture& log,
          const std::stop_token& stop)
      : context_(context), run_(run), log_(log), stop_(stop) {
    const auto timeout = run.request.limits.timeout;
    if (timeout.count() <= 0) return;
    deadline_ = context.clock.monotonic() + std::chrono::duration_cast<MonotonicTime::duration>(
                                                std::min(timeout, Seconds(1e8)));
  }

  std::optional<BuildFailure> start() {
    const auto& builder = run_.request.derivation->builder;
    if (builder == "builtin:fetchurl") return fetch();
    const auto rewrites = input_rewrites(context_.store.store_dir(), run_.places);
    const auto* output = output_named_out();
    if (output == nullptr) return BuildFailure{Outcome::failed, "it makes an output 'out' only"};
    const StoreBuiltin builtin{*run_.request.derivation,
                               rewrites,
                               context_.store.location(),
                               run_.input_closure,
                               output->location,
                               context_.config.download_limits.max_bytes,
                               [this](const std::string& line) { report(line); },
                               [this] { check_patience(); }};
    return builder == "builtin:buildenv" ? build_environment(builtin) : unpack_channel(builtin);
  }

 private:
  const OutputPlace* output_named_out() const {
    for (const auto& place : run_.places) {
      if (place.name == "out") return &place;
    }
    return nullptr;
  }

  void report(std::string_view line) { log_.write(std::string(line) + "\n"); }

  void check_patience() const {
    if (stop_.stop_requested()) throw CancelledError("stopped");
    if (deadline_ && context_.clock.monotonic() > *deadline_) {
      throw TimeoutError("it took longer than " +
                         format_duration(run_.request.limits.timeout.count()));
    }
  }

  std::optional<BuildFailure> fetch() {
    const auto& config = context_.config;
    const auto& limits = run_.request.limits;
    FetchRequest fetch{*run_.request.derivation, run_.places.front().location,
                       run_.area.spool_file(), config.hashed_mirrors,
                       DownloadOptions{config.download_limits, config.netrc, config.certificates,
                                       deadline_, [this](std::string_view line) { report(line); }}};
    if (limits.max_silent.count() > 0) {
      auto& stall = fetch.options.limits.stall_timeout;
      stall = std::min(stall, limits.max_silent);
    }
    return fetch_url(fetch, context_.clock, stop_);
  }

  const AttemptContext& context_;
  const BuilderRun& run_;
  LogCapture& log_;
  const std::stop_token& stop_;
  std::optional<MonotonicTime> deadline_;
};

}  // namespace

std::optional<BuildFailure> run_builtin(const AttemptContext& context, const BuilderRun& run,
                                        LogCapture& log, const std::stop_token& stop) {
  auto failure = Builtin(context, run, log, stop).start();
  log.finish();
  if (failure) {
    failure->message =
        fmt::format("builder '{}' for '{}' failed: {}", run.request.derivation->builder,
                    context.store.store_dir().print(run.request.derivation_path), failure->message);
  }
  return failure;
}

}  // namespace grange
