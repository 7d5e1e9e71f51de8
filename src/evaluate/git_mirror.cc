#include "evaluate/git_mirror.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <sys/stat.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::uint64_t kMirrorOutput = std::uint64_t{64} << 20;
constexpr std::size_t kLongestGitMessage = 2000;
/// Each fetch adds a pack; beyond so many they are joined.
constexpr std::ptrdiff_t kMostPacks = 50;

std::string digest_of(std::string_view text) {
  return hash_bytes(HashAlgorithm::sha256, text).digits(HashFormat::base16);
}

/// Where the mirror keeps a reference: flat, so that no name is in another's way.
std::string kept_reference(std::string_view reference) {
  return "refs/inputs/" + digest_of(reference).substr(0, 40);
}

std::string said(const ProgramOutput& output) {
  const auto text = printable(trim(output.standard_error.substr(0, kLongestGitMessage)));
  return text.empty() ? "git said nothing" : "git said: " + replace_all(text, "\\x0a", "; ");
}

bool says_any(const ProgramOutput& output, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return output.standard_error.find(word) != std::string::npos;
  });
}

/// The lines of `git ls-remote --symref`.
struct RemoteReferences {
  std::vector<std::pair<std::string, std::string>> commits;  ///< name, object
  std::string head;                                          ///< what HEAD leads to

  explicit RemoteReferences(std::string_view text) {
    for (const auto line : split(text, '\n')) {
      const auto tab = line.find('\t');
      if (tab == std::string_view::npos) continue;
      const auto left = line.substr(0, tab);
      const auto name = line.substr(tab + 1);
      if (!left.starts_with("ref: ")) {
        commits.emplace_back(name, left);
      } else if (name == "HEAD") {
        head = left.substr(5);
      }
    }
  }

  std::optional<std::string> find(std::string_view name) const {
    for (const auto& [reference, object] : commits) {
      if (reference == name) return object;
    }
    return std::nullopt;
  }
  /// A tag of its own object is followed to what it tags.
  std::optional<GitTip> tip(const std::string& name) const {
    auto commit = find(name + "^{}");
    if (!commit) commit = find(name);
    if (!commit) return std::nullopt;
    return GitTip{name, *commit};
  }
};

}  // namespace

GitMirror::GitMirror(const GitInput& input, const FetchRun& run) : input_(input), run_(run) {
  const auto name = digest_of(input.uri);
  directory_ = run.space().mirrors() / name;
  lock_ = lock_file(run.space().mirrors() / (name + ".lock"), run);
  open();
}

void GitMirror::open() {
  struct stat status {};
  const auto& identity = run_.space().options().identity;
  const bool usable = ::stat((directory_ / "ready").c_str(), &status) == 0 &&
                      (!identity || status.st_uid == identity->first);
  if (usable) return sweep();
  remove_tree(directory_);
  grange::create_directories(directory_, 0700);
  run_.space().give(directory_);
  const auto output = git({"init", "--quiet", "--bare", "."});
  if (!output.status.success()) {
    if (says_any(output, {"Permission denied", "cannot change to"})) {
      throw DeniedError(
          "the programs that fetch inputs cannot enter '" + directory_.string() +
          "'; every directory above it must let them pass (mode 0755): " + said(output));
    }
    fail("making a mirror", output);
  }
  // Written last: without it the mirror is made anew.
  write_file(directory_ / "ready", input_.shown_uri + "\n");
  run_.space().give(directory_ / "ready");
}

/// A git that was killed leaves its locks, and what it had received so far. We hold the mirror's
/// lock: whoever made them is gone.
void GitMirror::sweep() const {
  const auto is_left = [](const std::filesystem::directory_entry& entry) {
    const auto name = entry.path().filename().string();
    return name.ends_with(".lock") || name.starts_with("tmp_") || name.starts_with("incoming-");
  };
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(directory_, error);
  bool found = false;
  while (!error && !found && entry != std::filesystem::recursive_directory_iterator()) {
    found = is_left(*entry);
    entry.increment(error);
  }
  if (!found) return;
  FetchRun::Call call;
  call.arguments = {"find",   ".",     "-mindepth", "1",   "(",     "-name",      "*.lock",
                    "-o",     "-name", "tmp_*",     "-o",  "-name", "incoming-*", ")",
                    "-prune", "-exec", "rm",        "-rf", "{}",    "+"};
  call.directory = directory_;
  run_.run(call);
}

ProgramOutput GitMirror::try_git(std::vector<std::string> arguments,
                                 std::uint64_t output_limit) const {
  FetchRun::Call call;
  call.arguments = {"git", "--no-pager"};
  call.arguments.insert(call.arguments.end(), std::make_move_iterator(arguments.begin()),
                        std::make_move_iterator(arguments.end()));
  call.directory = directory_;
  call.variables = {"GIT_DIR=" + directory_.string()};
  call.file_protocol = input_.local;
  call.grows = directory_;
  call.output_limit = output_limit;
  return run_.run(call);
}

ProgramOutput GitMirror::git(std::vector<std::string> arguments) const {
  return try_git(std::move(arguments), kMirrorOutput);
}

std::string GitMirror::read(std::vector<std::string> arguments, std::uint64_t output_limit) const {
  const auto verb = arguments.front();
  auto output = try_git(std::move(arguments), output_limit);
  if (!output.status.success()) fail("running 'git " + verb + "'", output);
  return std::move(output.standard_output);
}

void GitMirror::fail(std::string_view doing, const ProgramOutput& output) const {
  const std::string place = "'" + input_.shown_uri + "'";
  std::string words = said(output);
  // git repeats the URI, where a password may stand.
  if (input_.uri != input_.shown_uri) words = replace_all(words, input_.uri, input_.shown_uri);
  if (says_any(output,
               {"Authentication failed", "could not read Username", "could not read Password",
                "Permission denied", "error: 403", "Host key verification failed"})) {
    throw DeniedError("repository " + place + " may not be read: " + words);
  }
  if (says_any(output, {"does not appear to be a git repository", "not found", "does not exist",
                        "No such file or directory", "not a git repository"}) &&
      !says_any(output, {"remote ref"})) {
    const auto& identity = run_.space().options().identity;
    throw NotFoundError("there is no repository at " + place +
                        (input_.local && identity
                             ? ", or none that uid " + std::to_string(identity->first) + " may read"
                             : std::string()) +
                        " (it has moved or vanished, or was never there): " + words);
  }
  throw UnavailableError(std::string(doing) + " of " + place + " ended with " +
                         output.status.to_string() + ": " + words);
}

GitTip GitMirror::ask() const {
  std::vector<std::string> arguments = {"ls-remote", "--symref", "--", input_.uri};
  std::vector<std::string> candidates;
  const auto& reference = input_.reference;
  if (!reference) {
    arguments.emplace_back("HEAD");
    if (!input_.fallback_branch.empty()) {
      arguments.push_back("refs/heads/" + input_.fallback_branch);
    }
  } else {
    if (!reference->starts_with("refs/")) {
      candidates = {"refs/heads/" + *reference, "refs/tags/" + *reference};
    } else {
      candidates = {*reference};
    }
    for (const auto& candidate : candidates) {
      arguments.push_back(candidate);
      arguments.push_back(candidate + "^{}");
    }
  }
  const auto output = git(std::move(arguments));
  if (!output.status.success()) fail("asking for the branches", output);
  const RemoteReferences found(output.standard_output);
  if (!reference) {
    const auto head = found.find("HEAD");
    if (head && !found.head.empty()) return {found.head, *head};
    if (!input_.fallback_branch.empty()) {
      if (auto tip = found.tip("refs/heads/" + input_.fallback_branch)) return *tip;
    }
    if (head) return {"HEAD", *head};
    throw NotFoundError("repository '" + input_.shown_uri +
                        "' has no default branch with a commit; name a branch");
  }
  for (const auto& candidate : candidates) {
    if (auto tip = found.tip(candidate)) return *tip;
  }
  throw NotFoundError("repository '" + input_.shown_uri + "' has no " +
                      (reference->starts_with("refs/") ? "reference" : "branch or tag") + " '" +
                      *reference + "'");
}

std::string GitMirror::fetch(const std::string& reference) const {
  const auto kept = kept_reference(reference);
  const auto output =
      git({"fetch", "--quiet", "--force", "--no-write-fetch-head", "--no-recurse-submodules",
           "--update-shallow", "--", input_.uri, "+" + reference + ":" + kept});
  if (!output.status.success()) {
    if (says_any(output, {"couldn't find remote ref"})) {
      throw NotFoundError("repository '" + input_.shown_uri + "' no longer has '" + reference +
                          "'");
    }
    fail("fetching '" + reference + "'", output);
  }
  tidy();
  const auto commit = last_fetched(reference);
  if (!commit) {
    throw InvalidError("'" + reference + "' of repository '" + input_.shown_uri +
                       "' leads to no commit");
  }
  return *commit;
}

void GitMirror::fetch_revision(const std::string& revision) const {
  // Servers may refuse what no reference leads to.
  const auto kept = kept_reference(revision);
  auto output = git({"fetch", "--quiet", "--no-write-fetch-head", "--no-recurse-submodules",
                     "--update-shallow", "--", input_.uri, "+" + revision + ":" + kept});
  if (!output.status.success()) {
    output = git({"fetch", "--quiet", "--force", "--prune", "--no-write-fetch-head",
                  "--no-recurse-submodules", "--update-shallow", "--", input_.uri,
                  "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"});
    if (!output.status.success()) fail("fetching all branches", output);
  }
  tidy();
  if (!has(revision)) {
    throw NotFoundError("repository '" + input_.shown_uri + "' has no revision " + revision +
                        " (its history may have been rewritten)");
  }
}

void GitMirror::tidy() const {
  const auto is_pack = [](const std::filesystem::directory_entry& entry) {
    return entry.path().extension() == ".pack";
  };
  std::error_code error;
  const std::filesystem::directory_iterator packs(directory_ / "objects/pack", error);
  if (error || std::count_if(begin(packs), end(packs), is_pack) <= kMostPacks) return;
  // Of use, not of need: what it does not do now it does the next time.
  git({"repack", "--quiet", "-d", "--geometric=2"});
}

std::optional<std::string> GitMirror::last_fetched(const std::string& reference) const {
  const auto output = git({"rev-parse", "--verify", "--quiet", "--end-of-options",
                           kept_reference(reference) + "^{commit}"});
  if (!output.status.success()) return std::nullopt;
  return std::string(trim(output.standard_output));
}

bool GitMirror::has(const std::string& revision) const {
  return git({"cat-file", "-e", revision + "^{commit}"}).status.success();
}

bool GitMirror::is_ancestor(const std::string& ancestor, const std::string& revision) const {
  const auto output = git({"merge-base", "--is-ancestor", ancestor, revision});
  if (output.status.signal == 0 && output.status.code <= 1) return output.status.code == 0;
  fail("comparing revisions", output);
}

void GitMirror::check_out(const std::string& revision, const std::filesystem::path& work,
                          const std::filesystem::path& tree) const {
  grange::create_directories(tree);
  run_.space().give(tree);
  if (input_.submodules) return check_out_submodules(revision, tree);
  FetchRun::Call call;
  // Unlike checkout it needs no HEAD, and unlike archive it gives the files as they are checked in.
  call.arguments = {"git", "read-tree", "--reset", "-u", revision};
  call.directory = tree;
  call.variables = {"GIT_DIR=" + directory_.string(), "GIT_WORK_TREE=" + tree.string(),
                    "GIT_INDEX_FILE=" + (work / "index").string()};
  call.grows = work;
  const auto output = run_.run(call);
  if (!output.status.success()) fail("checking out " + revision, output);
}

void GitMirror::run_in_tree(std::vector<std::string> arguments, const std::filesystem::path& tree,
                            std::vector<std::string> variables) const {
  FetchRun::Call call;
  call.arguments = std::move(arguments);
  const auto doing = "running '" + call.arguments[0] + " " + call.arguments[1] + "'";
  call.directory = tree;
  call.variables = std::move(variables);
  // Only a repository of this machine may have submodules of this machine.
  call.file_protocol = input_.local;
  call.grows = tree;
  const auto output = run_.run(call);
  if (output.status.success()) return;
  if (doing.find("submodule") != std::string::npos) {
    throw UnavailableError("the submodules of '" + input_.shown_uri +
                           "' cannot be fetched: " + said(output));
  }
  fail(doing, output);
}

void GitMirror::check_out_submodules(const std::string& revision,
                                     const std::filesystem::path& tree) const {
  // A clone that borrows its objects. Addresses of submodules may be relative to the origin's.
  const std::vector<std::string> borrow = {"GIT_ALTERNATE_OBJECT_DIRECTORIES=" +
                                           (directory_ / "objects").string()};
  run_in_tree({"git", "init", "--quiet"}, tree, borrow);
  run_in_tree({"git", "config", "remote.origin.url", input_.uri}, tree, borrow);
  run_in_tree({"git", "checkout", "--quiet", "--force", "--detach", revision}, tree, borrow);
  run_in_tree({"git", "submodule", "--quiet", "update", "--init", "--recursive"}, tree, borrow);
  run_in_tree({"find", ".", "-name", ".git", "-prune", "-exec", "rm", "-rf", "{}", "+"}, tree, {});
}

}  // namespace grange
