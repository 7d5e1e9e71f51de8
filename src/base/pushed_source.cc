#include "base/pushed_source.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/thread_annotations.h"

namespace grange {
namespace {

constexpr std::size_t kPieces = 4;
constexpr std::size_t kPieceSize = std::size_t{256} << 10;

/// A queue of pieces between one writer and one reader.
class Pieces final : public Sink, public Source {
 public:
  void write(std::string_view data) override {
    while (!data.empty()) {
      const auto count = std::min(data.size(), kPieceSize - filling_.size());
      filling_.append(data.substr(0, count));
      data.remove_prefix(count);
      if (filling_.size() == kPieceSize) hand_over();
    }
  }

  /// The writer has written everything, or failed.
  void end(std::exception_ptr error) {
    if (!error && !filling_.empty()) hand_over();
    const MutexLock lock(mutex_);
    ended_ = true;
    error_ = std::move(error);
    changed_.notify_all();
  }

  std::size_t read(char* buffer, std::size_t size) override {
    if (used_ == reading_.size() && !next_piece()) return 0;
    const auto count = std::min(size, reading_.size() - used_);
    std::memcpy(buffer, reading_.data() + used_, count);
    used_ += count;
    return count;
  }

  /// The reader needs nothing more.
  void give_up() {
    const MutexLock lock(mutex_);
    given_up_ = true;
    changed_.notify_all();
  }

 private:
  void hand_over() {
    const MutexLock lock(mutex_);
    while (pieces_.size() >= kPieces && !given_up_) changed_.wait(mutex_);
    if (given_up_) throw CancelledError("the reader went away");
    pieces_.push_back(std::exchange(filling_, spare()));
    changed_.notify_all();
  }

  bool next_piece() {
    const MutexLock lock(mutex_);
    while (pieces_.empty() && !ended_) changed_.wait(mutex_);
    if (pieces_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return false;
    }
    spare_ = std::exchange(reading_, std::move(pieces_.front()));
    pieces_.pop_front();
    used_ = 0;
    changed_.notify_all();
    return true;
  }

  /// A buffer that was read already, so that pieces need not be allocated anew.
  std::string spare() REQUIRES(mutex_) {
    auto text = std::exchange(spare_, {});
    text.clear();
    return text;
  }

  std::string filling_;  ///< the writer's
  std::string reading_;  ///< the reader's
  std::size_t used_ = 0;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::string> pieces_ GUARDED_BY(mutex_);
  std::string spare_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  bool given_up_ GUARDED_BY(mutex_) = false;
  std::exception_ptr error_ GUARDED_BY(mutex_);
};

}  // namespace

void read_pushed(const std::function<void(Sink&)>& produce,
                 const std::function<void(Source&)>& use) {
  Pieces pieces;
  std::thread producer([&] {
    try {
      produce(pieces);
      pieces.end(nullptr);
    } catch (...) {
      try {
        pieces.end(std::current_exception());
      } catch (...) {  // NOLINT(bugprone-empty-catch): nobody reads any more
      }
    }
  });
  std::exception_ptr error;
  try {
    use(pieces);
  } catch (...) {
    error = std::current_exception();
  }
  pieces.give_up();
  producer.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace grange
