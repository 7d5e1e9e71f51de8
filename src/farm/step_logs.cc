#include "farm/step_logs.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "base/compression.h"
#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::uint64_t kLongestLog = std::uint64_t{1} << 32;
constexpr std::chrono::milliseconds kLooksForStop{500};

}  // namespace

StepLogs::StepLogs(std::filesystem::path directory) : directory_(std::move(directory)) {
  grange::create_directories(directory_);
}

/// A thousand to a directory.
std::filesystem::path StepLogs::plain(std::int64_t step) const {
  return directory_ / std::to_string(step / 1000) / (std::to_string(step) + ".log");
}

std::filesystem::path StepLogs::packed(std::int64_t step) const {
  return plain(step).string() + ".zst";
}

void StepLogs::begin(std::int64_t step) {
  const MutexLock lock(mutex_);
  live_.insert_or_assign(step, std::make_shared<Live>());
}

void StepLogs::append(std::int64_t step, std::string_view data) {
  {
    const MutexLock lock(mutex_);
    const auto found = live_.find(step);
    if (found == live_.end()) return;
    auto& live = *found->second;
    if (!live.file) {  // many steps say nothing: they get no file
      const auto path = plain(step);
      grange::create_directories(path.parent_path());
      live.file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
    }
    while (!data.empty()) {
      const auto written = ::write(live.file.get(), data.data(), data.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        throw SystemError(errno, "writing the log of step " + std::to_string(step));
      }
      live.size += static_cast<std::uint64_t>(written);
      data.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  changed_.notify_all();
}

void StepLogs::end(std::int64_t step) {
  bool written = false;
  {
    const MutexLock lock(mutex_);
    const auto found = live_.find(step);
    if (found == live_.end()) return;
    written = static_cast<bool>(found->second->file);
  }
  if (written) pack(step);
  {
    const MutexLock lock(mutex_);
    live_.erase(step);
  }
  changed_.notify_all();
}

void StepLogs::pack(std::int64_t step) const {
  const auto path = plain(step);
  write_file(packed(step), compress(Compression::zstd, read_file(path, kLongestLog)));
  std::filesystem::remove(path);
}

void StepLogs::finish_leftovers() {
  std::error_code ignored;
  for (std::filesystem::recursive_directory_iterator at(directory_, ignored), end; at != end;
       at.increment(ignored)) {
    if (at->path().extension() != ".log") continue;
    if (const auto step = parse_number(at->path().stem().string())) {
      pack(static_cast<std::int64_t>(*step));
    }
  }
}

std::optional<std::string> StepLogs::read(std::int64_t step, std::uint64_t offset,
                                          std::uint64_t most) {
  for (int tries = 0; tries < 2; ++tries) {
    if (const auto packed_text = try_read_file(packed(step), kLongestLog)) {
      auto text = decompress(Compression::zstd, *packed_text, kLongestLog);
      return text.substr(std::min<std::uint64_t>(offset, text.size()), most);
    }
    try {
      const auto file = open_file(plain(step), O_RDONLY);
      std::string text(std::min<std::uint64_t>(most, std::uint64_t{1} << 20), '\0');
      const auto got = ::pread(file.get(), text.data(), text.size(), static_cast<off_t>(offset));
      if (got < 0) throw SystemError(errno, "reading the log of step " + std::to_string(step));
      text.resize(static_cast<std::size_t>(got));
      return text;
    } catch (const NotFoundError&) {
      if (is_live(step)) return std::string();
      // It may have been packed between the two looks.
    }
  }
  return std::nullopt;
}

bool StepLogs::read_through(std::int64_t step, Sink& sink) {
  constexpr std::size_t kPiece = std::size_t{128} * 1024;
  if (const auto packed_text = try_read_file(packed(step), kLongestLog)) {
    StringSource from(*packed_text);
    const auto text = make_decompression_source(Compression::zstd, from);
    std::string piece(kPiece, '\0');
    while (const auto got = text->read(piece.data(), piece.size())) {
      sink.write(std::string_view(piece).substr(0, got));
    }
    return true;
  }
  for (std::uint64_t offset = 0;;) {
    const auto piece = read(step, offset, kPiece);
    if (!piece) return false;
    if (piece->empty()) return true;
    sink.write(*piece);
    offset += piece->size();
  }
}

std::optional<std::uint64_t> StepLogs::size(std::int64_t step) {
  {
    const MutexLock lock(mutex_);
    if (const auto found = live_.find(step); found != live_.end()) return found->second->size;
  }
  const auto text = read(step, 0, kLongestLog);
  if (!text) return std::nullopt;
  return text->size();
}

bool StepLogs::is_live(std::int64_t step) const {
  const MutexLock lock(mutex_);
  return live_.contains(step);
}

bool StepLogs::wait_for_more(std::int64_t step, std::uint64_t size, MonotonicTime deadline,
                             const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto found = live_.find(step);
    if (found == live_.end() || found->second->size > size) return true;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    changed_.wait_until(mutex_, std::min(deadline, now + kLooksForStop));
  }
  return false;
}

}  // namespace grange
