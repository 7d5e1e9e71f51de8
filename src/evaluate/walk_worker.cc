#include "evaluate/walk_worker.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"
#include "derivation/target_map.h"
#include "evaluate/nix_message.h"

namespace grange {
namespace {

using Kind = WalkerReport::Kind;

/// More of one error is not kept; its beginning says what is wrong.
constexpr std::size_t kMostNoise = 256 << 10;

}  // namespace

WalkWorker::WalkWorker(WalkerProcess process, std::string walker_file, MonotonicTime now)
    : process_(std::move(process)),
      walker_file_(std::move(walker_file)),
      started_(now),
      opened_(now),
      given_(now),
      waiting_since_(now) {
  send(walker_open_command(walker_file_, process_.token()));
}

void WalkWorker::send(const std::string& command) {
  if (!process_.send(command + walker_done_command(command_number_, process_.token()))) {
    end(Ended::confused);
  }
}

void WalkWorker::give(WalkBatch batch, MonotonicTime now) {
  GRANGE_CHECK(phase_ == Phase::idle);
  const auto& set = *batch.set;
  const std::string command = set.is_selection()
                                  ? walker_selected_command(set.attr_path(batch.first), batch.first)
                                  : walker_members_command(set.path, batch.first, batch.count);
  rest_ = std::move(batch);
  phase_ = Phase::busy;
  given_ = waiting_since_ = now;
  ++command_number_;
  send(command);
}

bool WalkWorker::pump(WalkListener& listener, MonotonicTime now) {
  const bool more = process_.read_output();
  while (const auto line = process_.next_line()) {
    if (ended_ == Ended::confused) break;
    if (!line->is_report) {
      take_noise(listener, line->text);
      continue;
    }
    waiting_since_ = now;
    try {
      take_report(listener, parse_walker_report(line->text));
    } catch (const CorruptError&) {
      end(Ended::confused);
    }
  }
  if (process_.overflowed()) end(Ended::overflow);
  return more;
}

void WalkWorker::take_noise(WalkListener& listener, std::string_view line) {
  if (line.starts_with("trace: ") || line.starts_with("warning: ")) {
    speaking_ = true;
  } else if (line.starts_with("error:")) {
    speaking_ = false;
  }
  if (speaking_) listener.said(to_utf8(line));
  if (noise_.size() + line.size() < kMostNoise) noise_.append(line).append("\n");
}

void WalkWorker::take_report(WalkListener& listener, const WalkerReport& report) {
  speaking_ = false;
  if (report.kind == Kind::done) {
    if (report.index != command_number_) return end(Ended::confused);
    take_done(listener);
  } else if (phase_ == Phase::opening) {
    if (report.kind != Kind::open) return end(Ended::confused);
    root_evaluated_ = true;
  } else {
    const bool is_next = rest_ && rest_->count > 0 && report.index == rest_->first &&
                         (report.kind == Kind::meta) == awaiting_meta_.has_value();
    if (!is_next || report.kind == Kind::open) return end(Ended::confused);
    if (awaiting_meta_) {
      awaiting_meta_->meta_json = report.meta_json;
      finish_member(listener, *std::exchange(awaiting_meta_, std::nullopt));
    } else if (report.kind == Kind::derivation && report.has_meta) {
      awaiting_meta_ = report;
    } else {
      finish_member(listener, report);
    }
  }
  noise_.clear();
}

void WalkWorker::finish_member(WalkListener& listener, const WalkerReport& report) {
  const auto set = rest_->set;
  const std::size_t index = rest_->first;
  advance();
  if (!set->is_selection() && report.name != set->names.at(index)) {
    listener.failed(*set, index,
                    "its set has other attributes each time that it is evaluated (got '" +
                        report.name + "'): the expression is not pure");
    return;
  }
  listener.visited(*set, index, report);
}

void WalkWorker::advance() {
  ++visited_;
  ++rest_->first;
  --rest_->count;
}

void WalkWorker::take_done(WalkListener& listener) {
  if (phase_ == Phase::opening) {
    phase_ = root_evaluated_ ? Phase::idle : Phase::broken;
    opened_ = waiting_since_;
    if (phase_ == Phase::broken) open_error_ = message();
    return;
  }
  phase_ = Phase::idle;
  if (!rest_ || rest_->count == 0) return;
  // An error ended the command at the member in progress.
  if (awaiting_meta_) {
    settle(listener);
    return;
  }
  const auto set = rest_->set;
  const std::size_t index = rest_->first;
  std::string why = message();
  if (why.empty()) why = "the evaluator gave neither a result nor an error";
  advance();
  listener.failed(*set, index, std::move(why));
}

void WalkWorker::settle(WalkListener& listener) {
  if (!awaiting_meta_) return;
  auto report = *std::exchange(awaiting_meta_, std::nullopt);
  report.meta_json = "{}";
  const auto why = message();
  listener.said("warning: meta of '" + make_label(rest_->set->attr_path(rest_->first)) +
                "' cannot be evaluated" + (why.empty() ? "" : ": " + why));
  finish_member(listener, report);
}

std::string WalkWorker::message() const {
  return nix_error_message(without_walker_end(noise_), walker_file_);
}

std::string WalkWorker::last_words() const {
  const auto noise = trim(noise_);
  const auto line = noise.substr(noise.find_last_of('\n') + 1);
  return to_utf8(without_escapes(trim(line.substr(0, 1000))));
}

void WalkWorker::end(Ended reason) {
  ended_ = reason;
  process_.kill();
}

}  // namespace grange
