#include "daemon/build_answers.h"

#include <algorithm>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kShownLogLines = 10;

std::string last_lines(const std::string& tail, std::size_t count) {
  std::string lines;
  auto all = split(tail, '\n');
  while (!all.empty() && all.back().empty()) all.pop_back();
  for (std::size_t i = all.size() > count ? all.size() - count : 0; i < all.size(); ++i) {
    lines.append("\n> ").append(all[i]);
  }
  return lines;
}

}  // namespace

std::string failure_text(const StoreDir& store, const StorePath& derivation,
                         const GrantedWish& granted) {
  const auto shown = store.print(derivation);
  if (granted.outcome == Outcome::dependency_failed) {
    return std::to_string(std::max<std::size_t>(granted.failed_inputs.size(), 1)) +
           " dependencies of derivation '" + shown + "' failed to build" +
           (granted.log_tail.empty()
                ? std::string()
                : ":\n" + granted.message + last_lines(granted.log_tail, kShownLogLines));
  }
  if (granted.outcome == Outcome::not_deterministic && !granted.differing.empty()) {
    const auto& [path, kept] = granted.differing.front();
    return "derivation '" + shown + "' may not be deterministic: output '" + store.print(path) +
           "' differs" + (kept.empty() ? "" : " from '" + kept + "'") + "\n" + granted.message;
  }
  std::string text = granted.message;
  if (!granted.log_tail.empty()) {
    const auto lines = last_lines(granted.log_tail, kShownLogLines);
    text += ";\nlast " + std::to_string(std::count(lines.begin(), lines.end(), '\n')) +
            " log lines:" + lines + "\nFor full logs, run 'nix log " + shown + "'.";
  }
  return text;
}

WireBuildResult wire_result(const StoreDir& store, const StorePath& derivation,
                            const GrantedWish& granted) {
  WireBuildResult result;
  if (granted.outcome == Outcome::good) {
    result.status = granted.made ? WireBuildStatus::built : WireBuildStatus::already_valid;
  } else {
    result.status = status_of(granted.outcome);
    result.error = failure_text(store, derivation, granted);
    result.not_deterministic = granted.outcome == Outcome::not_deterministic;
  }
  result.times_built = granted.made ? 1 : 0;
  if (granted.start != TimePoint{}) {
    result.start = to_unix(granted.start);
    result.stop = to_unix(granted.stop);
  }
  for (const auto& [output, path] : granted.outputs) {
    const auto known = granted.realisations.find(output);
    const bool has = known != granted.realisations.end();
    result.outputs.emplace(
        output, RealisedOutput{path, has ? known->second.signatures : std::set<std::string>()});
    if (has) result.realisations.emplace(known->second.id, known->second);
  }
  return result;
}

std::uint64_t failure_status(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::failed:
    case Outcome::dependency_failed:
    case Outcome::failed_with_output:
      return 100;
    case Outcome::timed_out:
      return 101;
    case Outcome::hash_mismatch:
      return 102;
    case Outcome::not_deterministic:
      return 104;
    default:
      return 1;
  }
}

}  // namespace grange
