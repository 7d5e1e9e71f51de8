#include "command/copy_progress.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/core.h>

#include "base/text.h"

namespace grange {
namespace {

/// How often the line is redrawn at most.
constexpr auto kBetweenDrawings = std::chrono::milliseconds(200);

}  // namespace

std::string copy_status(std::size_t done, std::size_t paths, std::uint64_t moved,
                        std::uint64_t bytes, double seconds) {
  auto text = fmt::format("{}/{}, {} of {}", format_count(done), plural(paths, "path"),
                          format_bytes(std::min(moved, bytes)), format_bytes(bytes));
  if (seconds < 0.5 || moved == 0) return text;
  const double rate = static_cast<double>(moved) / seconds;
  const double left = static_cast<double>(bytes - std::min(moved, bytes)) / rate;
  return text + fmt::format(", {}/s, {} left", format_bytes(static_cast<std::uint64_t>(rate)),
                            format_duration(left));
}

void CopyProgress::planned(std::size_t paths, std::uint64_t bytes) {
  paths_ += paths;
  bytes_ += bytes;
  begin_ = clock_.monotonic();
  draw();
}

void CopyProgress::moved(std::uint64_t bytes) {
  moved_ += bytes;
  if (clock_.monotonic() - drawn_ > kBetweenDrawings) draw();
}

void CopyProgress::copied(const PathInfo& info) {
  ++done_;
  if (style_.terminal) {
    if (clock_.monotonic() - drawn_ > kBetweenDrawings) draw();
  } else {
    std::fprintf(stderr, "copied %s (%s)\n", store_.print(info.path).c_str(),
                 format_bytes(info.nar_size).c_str());
  }
}

void CopyProgress::close() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

void CopyProgress::draw() {
  if (!style_.terminal || paths_ == 0) return;
  drawn_ = clock_.monotonic();
  const auto seconds = Seconds(drawn_ - begin_).count();
  std::fprintf(stderr, "\r\x1b[Kcopying: %s",
               copy_status(done_, paths_, moved_, bytes_, seconds).c_str());
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace grange
