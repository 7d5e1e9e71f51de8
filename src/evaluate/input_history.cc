#include "evaluate/input_history.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/text.h"
#include "evaluate/git_mirror.h"

namespace grange {
namespace {

constexpr std::size_t kMostCommits = 10'000;
/// Of one commit's texts in git's output: at most four bytes for each character.
constexpr std::size_t kCommitOutput = 4 * 4 * InputCommit::kLongestText + 1000;
constexpr std::uint64_t kLatestTime = 253'402'300'799;  // the year 9999

/// In characters: some of its bytes are written as four.
std::string cleaned(std::string_view text) {
  auto clean = printable(trim(text));
  if (clean.size() <= 4 * InputCommit::kLongestText) return clean;
  auto end = 4 * InputCommit::kLongestText;
  while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xc0) == 0x80) --end;
  return clean.substr(0, end);
}

InputCommit read_commit(std::string_view record) {
  const auto fields = split(record, '\n');
  if (fields.size() != 5) throw CorruptError("git log printed a commit of another form");
  const auto seconds = std::min(parse_number(fields[3]).value_or(0), kLatestTime);
  return {std::string(fields[0]), cleaned(fields[1]), cleaned(fields[2]),
          TimePoint(std::chrono::seconds(seconds)), cleaned(fields[4])};
}

}  // namespace

InputHistory read_history(const GitInput& input, const std::string& revision,
                          const std::optional<std::string>& since, std::size_t limit,
                          const FetchRun& run) {
  const GitMirror mirror(input, run);
  InputHistory history;
  limit = std::min(limit, kMostCommits);
  const bool since_is_here = since && mirror.has(*since);
  history.descends = since_is_here && mirror.is_ancestor(*since, revision);
  // git cuts long texts itself: what it prints is bounded.
  const auto text = [](std::string_view what) {
    return "%<(" + std::to_string(InputCommit::kLongestText) + ",trunc)" + std::string(what);
  };
  std::vector<std::string> arguments = {
      "log",
      "-z",
      "--encoding=UTF-8",
      "--no-show-signature",
      "--no-notes",
      "--max-count=" + std::to_string(limit + 1),
      "--format=%H%n" + text("%an") + "%n" + text("%ae") + "%n%at%n" + text("%s"),
      revision};
  if (since_is_here) arguments.push_back("^" + *since);
  arguments.emplace_back("--");
  const auto output = mirror.read(std::move(arguments), (limit + 2) * kCommitOutput + 65536);
  for (const auto record : split(output, '\0')) {
    if (record.empty()) continue;
    if (history.commits.size() == limit) {
      history.more = true;
      break;
    }
    history.commits.push_back(read_commit(record));
  }
  return history;
}

}  // namespace grange
