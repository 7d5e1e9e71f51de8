#include "farm/git_repository.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  std::erase_if(lines, [](std::string_view line) { return line.empty(); });
  return lines;
}

std::vector<CommitId> commits_of(std::string_view text) {
  std::vector<CommitId> commits;
  for (const auto line : lines(text)) commits.push_back(CommitId::parse(line));
  return commits;
}

}  // namespace

GitRepository::GitRepository(GitProgram git, std::string prefix, bool shallow)
    : git_(std::move(git)), prefix_(std::move(prefix)), shallow_(shallow) {}

std::optional<GitRepository> GitRepository::find(const std::filesystem::path& directory,
                                                 ProcessRunner& runner, std::stop_token stop) {
  GitProgram git(runner, directory, std::move(stop));
  auto output = git.try_run(
      {"rev-parse", "--is-inside-work-tree", "--is-shallow-repository", "--show-prefix"});
  if (!output.status.success()) {
    if (output.standard_error.find("not a git repository") != std::string::npos) {
      return std::nullopt;
    }
    throw UnavailableError("git cannot read the repository of '" + directory.string() +
                           "': " + printable(trim(output.standard_error)));
  }
  // The prefix comes last and may hold anything but NUL.
  const std::string& text = output.standard_output;
  const auto first = text.find('\n');
  const auto second = first == std::string::npos ? first : text.find('\n', first + 1);
  if (second == std::string::npos) throw InvalidError("git rev-parse gave too few lines");
  if (text.substr(0, first) != "true") return std::nullopt;
  const bool shallow = text.substr(first + 1, second - first - 1) == "true";
  std::string prefix = text.substr(second + 1);
  if (prefix.ends_with('\n')) prefix.pop_back();
  return GitRepository(std::move(git), std::move(prefix), shallow);
}

std::optional<CommitId> GitRepository::head() const {
  return resolve("HEAD");
}

std::optional<std::string> GitRepository::find_change(
    const std::optional<std::string>& file) const {
  // Of the whole work tree, whatever the configuration hides. What is evaluated may read any of it.
  const std::string status = git_.run({"status", "--porcelain=v1", "-z", "--untracked-files=normal",
                                       "--ignore-submodules=none", "--no-renames", "--", ":/"});
  if (!status.empty()) {
    const std::string entry = status.substr(0, status.find('\0'));
    const std::string path = entry.size() > 3 ? printable(entry.substr(3)) : entry;
    return entry.starts_with("??") ? "'" + path + "' is not tracked" : "'" + path + "' is changed";
  }
  if (file && git_.run({"ls-files", "-z", "--", ":(literal)" + *file}).empty()) {
    return "'" + printable(*file) + "' is not tracked";
  }
  return std::nullopt;
}

std::optional<CommitId> GitRepository::resolve(const std::string& revision) const {
  if (revision.empty() || revision.find('\0') != std::string::npos) return std::nullopt;
  const auto output = git_.try_run(
      {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"});
  if (!output.status.success()) return std::nullopt;
  return CommitId::try_parse(trim(output.standard_output));
}

std::optional<CommitId> GitRepository::resolve_branch(const std::string& branch) const {
  for (const auto* place : {"refs/heads/", "refs/remotes/", "refs/remotes/origin/"}) {
    if (auto commit = resolve(place + branch)) return commit;
  }
  return resolve(branch);
}

std::optional<CommitId> GitRepository::resolve_any(const std::string& name) const {
  // git's own order first: the full name of a commit is never a branch that is called so.
  auto commit = resolve(name);
  return commit ? commit : resolve_branch(name);
}

std::optional<GitBranch> GitRepository::default_branch(const std::string& named) const {
  if (!named.empty()) {
    for (const auto* place : {"refs/remotes/origin/", "refs/remotes/", "refs/heads/"}) {
      if (auto commit = resolve(place + named)) return GitBranch{named, *commit};
    }
    if (auto commit = resolve(named)) return GitBranch{named, *commit};
    throw NotFoundError("there is no branch '" + printable(named) + "' in the repository of '" +
                        git_.directory().string() + "', which was specified as the default branch");
  }
  constexpr std::array<std::pair<const char*, const char*>, 5> kPlaces = {{
      {"origin/HEAD", "refs/remotes/origin/HEAD"},
      {"origin/main", "refs/remotes/origin/main"},
      {"origin/master", "refs/remotes/origin/master"},
      {"main", "refs/heads/main"},
      {"master", "refs/heads/master"},
  }};
  for (const auto& [name, reference] : kPlaces) {
    if (auto commit = resolve(reference)) return GitBranch{name, *commit};
  }
  return std::nullopt;
}

std::vector<CommitId> GitRepository::merge_bases(const CommitId& a, const CommitId& b) const {
  const auto output = git_.try_run({"merge-base", "--all", "--", a.str(), b.str()});
  if (output.status.code == 1 && output.status.signal == 0) return {};
  if (!output.status.success()) {
    throw UnavailableError("git finds no merge base of " + a.short_str() + " and " + b.short_str() +
                           ": " + printable(trim(output.standard_error)));
  }
  return commits_of(output.standard_output);
}

std::vector<CommitId> GitRepository::ancestors(std::span<const CommitId> from,
                                               std::size_t limit) const {
  if (from.empty()) return {};
  std::vector<std::string> arguments = {"rev-list", "--parents", "--date-order",
                                        "--max-count=" + std::to_string(limit)};
  for (const auto& commit : from) arguments.push_back(commit.str());
  arguments.emplace_back("--");
  std::map<std::string_view, std::vector<std::string_view>> parents;
  const std::string text = git_.run(std::move(arguments));
  for (const auto line : lines(text)) {
    auto words = split_words(line);
    const auto commit = words.front();
    words.erase(words.begin());
    parents.emplace(commit, std::move(words));
  }
  std::deque<std::string_view> waiting(from.size());
  std::transform(from.begin(), from.end(), waiting.begin(),
                 [](const CommitId& commit) { return std::string_view(commit.str()); });
  std::set<std::string_view> seen;
  std::vector<CommitId> found;
  while (!waiting.empty()) {
    const auto commit = waiting.front();
    waiting.pop_front();
    const auto listed = parents.find(commit);
    if (listed == parents.end() || !seen.insert(commit).second) continue;
    found.push_back(CommitId::parse(commit));
    waiting.insert(waiting.end(), listed->second.begin(), listed->second.end());
  }
  return found;
}

bool GitRepository::contains(const CommitId& tip, const CommitId& commit) const {
  if (tip == commit) return true;
  // A commit that is not in this clone (a map from elsewhere) is in no branch of it.
  if (!resolve(commit.str())) return false;
  return git_.ask({"merge-base", "--is-ancestor", "--", commit.str(), tip.str()});
}

TimePoint GitRepository::commit_time(const CommitId& commit) const {
  const std::string text = git_.run({"show", "--no-patch", "--format=%ct", "--no-show-signature",
                                     "--end-of-options", commit.str(), "--"});
  const auto seconds = parse_number(trim(text));
  if (!seconds || *seconds > 9'000'000'000) {
    throw InvalidError("commit " + commit.short_str() + " has no time that is one");
  }
  return TimePoint(std::chrono::seconds(*seconds));
}

}  // namespace grange
