#include "daemon/frame_queue.h"

#include <string>
#include <utility>
#include <variant>

namespace grange {
namespace {

/// About what a frame occupies.
std::size_t size_of(const WorkerFrame& frame) {
  std::size_t size = 64;
  if (const auto* line = std::get_if<NextFrame>(&frame)) size += line->text.size();
  if (const auto* result = std::get_if<ResultFrame>(&frame)) {
    for (const auto& field : result->fields) {
      if (const auto* text = std::get_if<std::string>(&field)) size += text->size();
    }
  }
  return size;
}

/// May it be left out?
bool is_line(const WorkerFrame& frame) {
  if (std::holds_alternative<NextFrame>(frame)) return true;
  const auto* result = std::get_if<ResultFrame>(&frame);
  return result != nullptr && result->type == ActivityResult::build_log_line;
}

}  // namespace

void FrameQueue::push(WorkerFrame frame) {
  const auto size = size_of(frame);
  const MutexLock lock(mutex_);
  if (bytes_ + size > kMostBytes && is_line(frame)) {
    ++left_out_;
    return;
  }
  bytes_ += size;
  frames_.push_back(std::move(frame));
  any_.notify_all();
}

void FrameQueue::wake() {
  const MutexLock lock(mutex_);
  awake_ = true;
  any_.notify_all();
}

std::vector<WorkerFrame> FrameQueue::take(const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] { wake(); });
  const MutexLock lock(mutex_);
  while (frames_.empty() && !awake_ && !stop.stop_requested()) any_.wait(mutex_);
  awake_ = false;
  return drain();
}

std::vector<WorkerFrame> FrameQueue::take_now() {
  const MutexLock lock(mutex_);
  return drain();
}

std::vector<WorkerFrame> FrameQueue::drain() {
  auto frames = std::exchange(frames_, {});
  bytes_ = 0;
  if (const auto left_out = std::exchange(left_out_, 0); left_out > 0) {
    frames.emplace_back(NextFrame{"(" + std::to_string(left_out) +
                                  " lines were left out: they came faster than they were read)\n"});
  }
  return frames;
}

}  // namespace grange
