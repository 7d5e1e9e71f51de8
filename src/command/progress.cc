#include "command/progress.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kRed = "31";
constexpr std::string_view kGreen = "32";
constexpr std::string_view kDim = "2";
constexpr std::size_t kShownAttempts = 12;
constexpr std::chrono::milliseconds kFrame{125};

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

}  // namespace

ProgressStyle ProgressStyle::of_stderr() {
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  ProgressStyle style;
  style.terminal =
      ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
  style.colour = style.terminal && (no_color == nullptr || *no_color == '\0');
  return style;
}

Progress::Progress(const Clock& clock, ProgressStyle style) : clock_(clock), style_(style) {
  if (style_.terminal)
    thread_ = std::jthread([this](const std::stop_token& stop) { redraw(stop); });
}

Progress::~Progress() {
  close();
}

void Progress::close() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wake_.notify_all();
    thread_.join();
  }
  const MutexLock lock(mutex_);
  if (closed_) return;
  closed_ = true;
  erase();
}

void Progress::evaluated(std::uint64_t targets, std::uint64_t errors) {
  const MutexLock lock(mutex_);
  targets_ = targets;
  errors_ = errors;
}

void Progress::evaluation_error(const std::string& label, const std::string& error) {
  const MutexLock lock(mutex_);
  const auto first_line = std::string_view(error).substr(0, error.find('\n'));
  say(kRed, "evaluation of " + label + " failed: " + std::string(first_line));
}

void Progress::compared(const Comparison& comparison, std::size_t to_make) {
  const MutexLock lock(mutex_);
  building_ = true;
  say(kDim, fmt::format("{}: {} same, {} equivalent, {} changed, {} new, {} removed; {} to look at",
                        plural(targets_, "target"), comparison.same, comparison.equivalent,
                        comparison.changed, comparison.added, comparison.removed, to_make));
}

void Progress::attempt_started(const StorePath& derivation, std::optional<double> expected) {
  const MutexLock lock(mutex_);
  const std::string name(derivation.derivation_name());
  running_.insert_or_assign(derivation, Running{name, clock_.monotonic(), expected, ""});
  if (!style_.terminal) say(kDim, "building " + name);
}

void Progress::attempt_finished(const StorePath& derivation, const BuildResult& result) {
  const MutexLock lock(mutex_);
  running_.erase(derivation);
  const std::string name(derivation.derivation_name());
  if (result.already_valid) return;
  if (result.good()) {
    say(kGreen, (result.check ? "made again, the same: " : "built ") + name + " in " +
                    format_duration(result.seconds()));
    return;
  }
  say(kRed, std::string(to_string(result.outcome)) + ": " + name);
  for (const auto line : split(trim(result.message), '\n')) say("", "  " + std::string(line));
  const auto tail = trim(result.log_tail);
  if (tail.empty()) return;
  for (const auto line : split(tail, '\n')) say(kDim, "  > " + std::string(line));
}

void Progress::log(const StorePath&, std::string_view) {}

void Progress::phase(const StorePath& derivation, std::string_view name) {
  const MutexLock lock(mutex_);
  if (const auto found = running_.find(derivation); found != running_.end()) {
    found->second.phase = name;
  }
}

void Progress::progress(const Plan::Counts& counts) {
  const MutexLock lock(mutex_);
  counts_ = counts;
}

void Progress::redraw(const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(mutex_, kFrame);
    erase();
    draw();
    std::fflush(stderr);
  }
}

std::string Progress::status_line() const {
  if (!building_) {
    return fmt::format("evaluating: {}, {}", plural(targets_, "target"), plural(errors_, "error"));
  }
  return fmt::format("{} built, {} failed, {} there{}, {} running, {} waiting", counts_.made,
                     counts_.failed + counts_.dependency_failed, counts_.present,
                     counts_.cut_off == 0 ? "" : fmt::format(", {} cut off", counts_.cut_off),
                     counts_.running, counts_.waiting);
}

void Progress::draw() {
  const std::size_t width = terminal_width();
  std::vector<std::string> lines{status_line()};
  for (const auto& [path, attempt] : running_) {
    if (lines.size() > kShownAttempts) {
      lines.push_back(fmt::format("  … and {} more", running_.size() - kShownAttempts));
      break;
    }
    std::string line = "  ├ " + attempt.name + "  " +
                       format_duration(Seconds(clock_.monotonic() - attempt.since).count());
    if (attempt.expected) line += " of about " + format_duration(*attempt.expected);
    if (!attempt.phase.empty()) line += "  (" + attempt.phase + ")";
    lines.push_back(std::move(line));
  }
  for (auto line : lines) {
    line = printable(line);
    if (line.size() > width) line.resize(width);  // bytes, at least as many as columns
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  drawn_lines_ = lines.size();
}

void Progress::erase() {
  for (; drawn_lines_ > 0; --drawn_lines_) std::fputs("\x1b[1A\x1b[2K", stderr);
}

void Progress::say(std::string_view colour, const std::string& line) {
  erase();
  const std::string shown = printable(line);
  if (style_.colour && !colour.empty()) {
    std::fprintf(stderr, "\x1b[%sm%s\x1b[0m\n", std::string(colour).c_str(), shown.c_str());
  } else {
    std::fprintf(stderr, "%s\n", shown.c_str());
  }
}

}  // namespace grange
