#include "pages/step_axis.h"

#include <algorithm>
#include <array>

#include "pages/page_values.h"

namespace grange {
namespace {

constexpr double kAxisWidth = 1000;
constexpr double kLeastBar = 4;

double seconds_from(TimePoint begin, TimePoint end) {
  return std::chrono::duration<double>(end - begin).count();
}

/// A round time of which a few fit into `seconds`.
double tick_step(double seconds) {
  constexpr std::array<double, 20> kSteps{0.1,  0.5,  1,     2,     5,     10,   15,
                                          30,   60,   120,   300,   600,   1200, 1800,
                                          3600, 7200, 14400, 21600, 43200, 86400};
  constexpr double kMostTicks = 5;
  for (const auto step : kSteps) {
    if (seconds / step <= kMostTicks) return step;
  }
  return std::max(1.0, static_cast<double>(static_cast<long>(seconds / kMostTicks / 86400))) *
         86400;
}

}  // namespace

StepAxis::StepAxis(const std::vector<Span>& spans) {
  if (spans.empty()) return;
  begin_ = spans.front().begin;
  auto end = spans.front().end;
  for (const auto& span : spans) {
    begin_ = std::min(begin_, span.begin);
    end = std::max(end, span.end);
  }
  seconds_ = std::max(0.0, seconds_from(begin_, end));
}

double StepAxis::place(TimePoint time) const {
  if (seconds_ <= 0) return 0;
  return std::clamp(seconds_from(begin_, time) / seconds_, 0.0, 1.0) * kAxisWidth;
}

AxisBar StepAxis::bar(const Span& span) const {
  const auto begin = place(span.begin);
  const auto width = std::max(kLeastBar, place(span.end) - begin);
  return {std::min(begin, kAxisWidth - width), width};
}

std::vector<StepAxis::Tick> StepAxis::ticks() const {
  std::vector<Tick> ticks;
  if (seconds_ <= 0) return ticks;
  constexpr double kLastPart = 0.93;
  const auto step = tick_step(seconds_);
  for (int i = 0; i * step < seconds_ * kLastPart; ++i) {
    ticks.push_back({i * step / seconds_ * kAxisWidth, i == 0 ? "0" : duration_text(i * step)});
  }
  return ticks;
}

}  // namespace grange
