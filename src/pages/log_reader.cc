#include "pages/log_reader.h"

#include <algorithm>
#include <utility>

#include "pages/log_lines.h"
#include "pages/shown_text.h"

namespace grange {
namespace {

/// Of longer lines only the beginning is kept.
constexpr std::size_t kKeptOfLine = std::size_t{64} * 1024;

}  // namespace

LogReader::LogReader(LogPart part) : part_(std::move(part)) {}

void LogReader::write(std::string_view data) {
  while (!data.empty()) {
    const auto end = data.find('\n');
    const auto piece = data.substr(0, end);
    if (end != data.npos && rest_size_ == 0) {
      size_ += piece.size() + 1;
      take(piece.substr(0, kKeptOfLine));
    } else {
      rest_.append(piece.substr(0, kKeptOfLine - std::min(kKeptOfLine, rest_.size())));
      rest_size_ += piece.size();
      if (end == data.npos) return;
      size_ += rest_size_ + 1;
      rest_size_ = 0;
      take(std::exchange(rest_, {}));
    }
    data.remove_prefix(end + 1);
  }
}

void LogReader::finish() {
  if (rest_size_ == 0 || part_.whole_lines) return;
  size_ += std::exchange(rest_size_, 0);
  take(std::exchange(rest_, {}));
}

const std::deque<NumberedLine>& LogReader::lines() const {
  if (part_.from > 0) return asked_;
  return failing_ ? around_ : last_;
}

void LogReader::take(std::string_view line) {
  ++count_;
  if (!part_.search.empty() && find_whatever_case(line, part_.search) != line.npos) {
    ++hit_count_;
    if (hits_.size() < kMostHits) hits_.push_back({count_, std::string(line)});
  }
  if (part_.from > 0) {
    if (count_ >= part_.from && asked_.size() < part_.most) {
      asked_.push_back({count_, std::string(line)});
    }
  } else {
    last_.push_back({count_, std::string(line)});
    if (last_.size() > part_.most) last_.pop_front();
  }
  if (part_.find_failing) look_for_failure(line);
}

void LogReader::look_for_failure(std::string_view line) {
  if (is_error_line(line)) {
    if (!failing_ || count_ - last_error_ > kLinesOfFailure) {
      failing_ = count_;
      const auto before = std::min(last_.size(), part_.most / 3 + 1);
      around_.assign(last_.end() - static_cast<std::ptrdiff_t>(before), last_.end());
      last_error_ = count_;
      return;
    }
    last_error_ = count_;
  }
  if (failing_ && part_.from == 0 && around_.size() < part_.most) {
    around_.push_back({count_, std::string(line)});
  }
}

}  // namespace grange
