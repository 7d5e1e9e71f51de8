#include "build/log_capture.h"

#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"
#include "base/terminal_text.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kMemoryLimit = std::size_t{1} << 20;
/// Longer lines are logged in full, but shown cut and never taken for messages.
constexpr std::size_t kLineLimit = std::size_t{64} << 10;
constexpr std::size_t kTailLineLimit = 1000;
constexpr std::size_t kPhaseLimit = 200;
constexpr std::string_view kMessagePrefix = "@nix ";

bool may_be_message(std::string_view line) {
  const auto length = std::min(line.size(), kMessagePrefix.size());
  return line.substr(0, length) == kMessagePrefix.substr(0, length);
}

/// Not every file system has O_TMPFILE.
FileDescriptor make_unnamed_file(const std::filesystem::path& directory) {
  auto name = (directory / "log-XXXXXX").string();
  FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) throw_errno("creating a file in", directory.string());
  ::unlink(name.c_str());
  return file;
}

}  // namespace

LogCapture::LogCapture(BuildObserver& observer, std::filesystem::path directory)
    : observer_(observer), directory_(std::move(directory)) {}

LogCapture::~LogCapture() {
  if (mapped_ != nullptr) ::munmap(mapped_, static_cast<std::size_t>(size_));
}

void LogCapture::keep(std::string_view data) {
  size_ += data.size();
  memory_ += data;
  if (memory_.size() < kMemoryLimit) return;
  if (!file_) file_ = make_unnamed_file(directory_);
  FdSink(file_.get()).write(memory_);
  memory_.clear();
}

void LogCapture::write(std::string_view data) {
  keep(data);
  while (!data.empty()) {
    const auto end = data.find('\n');
    const auto piece = data.substr(0, end == std::string_view::npos ? data.size() : end + 1);
    data.remove_prefix(piece.size());
    if (line_.empty()) held_ = true;
    const auto room = kLineLimit - std::min(kLineLimit, line_.size());
    const auto before = line_.size();
    line_ += piece.substr(0, room);
    if (held_ && (!may_be_message(line_) || piece.size() > room)) {
      held_ = false;
      observer_.log(std::string_view(line_).substr(0, before));
    }
    if (!held_) observer_.log(piece);
    if (piece.back() == '\n') {
      take_line(line_);
      line_.clear();
      held_ = false;
    }
  }
}

void LogCapture::finish() {
  if (line_.empty()) return;
  take_line(line_);
  line_.clear();
  held_ = false;
}

void LogCapture::take_line(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (held_) {
    if (take_message(line)) return;
    observer_.log(line_);
  }
  add_to_tail(line);
}

bool LogCapture::take_message(std::string_view line) {
  if (!line.starts_with(kMessagePrefix)) return false;
  line.remove_prefix(kMessagePrefix.size());
  const auto message = nlohmann::json::parse(line, nullptr, false);
  if (!message.is_object() || !message.contains("action") || !message["action"].is_string()) {
    return false;
  }
  const auto text = [&](const char* key) {
    const auto found = message.find(key);
    return found != message.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto action = text("action");
  if (action == "setPhase") {
    observer_.phase(printable(text("phase").substr(0, kPhaseLimit)));
  } else if (action == "msg") {
    observer_.log(text("msg") + "\n");
    add_to_tail(text("msg"));
  }
  return true;
}

void LogCapture::add_to_tail(std::string_view line) {
  if (tail_.size() == kTailLines) tail_.pop_front();
  auto plain = plain_line(line);
  if (plain.size() > kTailLineLimit) {
    plain.resize(kTailLineLimit);
    plain += "…";
  }
  tail_.push_back(std::move(plain));
}

std::string LogCapture::tail() const {
  return join({tail_.begin(), tail_.end()}, "\n");
}

std::string_view LogCapture::whole() {
  if (!file_) return memory_;
  FdSink(file_.get()).write(memory_);
  memory_.clear();
  void* mapped =
      ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ, MAP_PRIVATE, file_.get(), 0);
  if (mapped == MAP_FAILED) throw_errno("mapping a build log");
  mapped_ = static_cast<char*>(mapped);
  return {mapped_, static_cast<std::size_t>(size_)};
}

}  // namespace grange
