#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "evaluate/fetch_space.h"
#include "evaluate/jobset_input.h"

namespace grange {

/// What a repository says a name stands for.
struct GitTip {
  std::string reference;  ///< in full: "refs/heads/main", "refs/tags/v1"; "HEAD" where it has none
  std::string commit;     ///< of a tag, the commit that it leads to
};

/// A bare clone of one repository, kept below the fetch space in a directory of its own (SHA-256 of
/// the URI), with the whole history of every reference that was ever asked for: commits stay when
/// history is rewritten. This process holds its lock. git runs confined; what it says against a
/// repository becomes one error by what can be done about it: NotFoundError for a repository,
/// reference or revision that is not there, DeniedError, UnavailableError for everything else.
class GitMirror {
 public:
  /// Makes it where there is none, or one that cannot be used. The run outlives it.
  GitMirror(const GitInput& input, const FetchRun& run);

  const GitInput& input() const noexcept { return input_; }
  const FetchRun& fetch_run() const noexcept { return run_; }
  std::filesystem::path directory() const { return directory_; }

  /// Asks the repository what the input's reference (or the default branch) is now.
  GitTip ask() const;
  /// Fetches a reference, and answers its commit.
  std::string fetch(const std::string& reference) const;
  /// Fetches a revision that no reference was named for: by its name if the repository gives it,
  /// else with all branches and tags.
  void fetch_revision(const std::string& revision) const;

  /// The commit of a reference when it was last fetched; nothing when it never was.
  std::optional<std::string> last_fetched(const std::string& reference) const;
  bool has(const std::string& revision) const;
  /// Both are here; is the first the second, or in its history?
  bool is_ancestor(const std::string& ancestor, const std::string& revision) const;

  /// Puts the files of a revision into `tree` (in a work directory; not there yet), without .git.
  void check_out(const std::string& revision, const std::filesystem::path& work,
                 const std::filesystem::path& tree) const;

  /// git on the mirror: its output. What it writes is bounded as the mirror is.
  std::string read(std::vector<std::string> arguments,
                   std::uint64_t output_limit = std::uint64_t{64} << 20) const;

 private:
  ProgramOutput try_git(std::vector<std::string> arguments, std::uint64_t output_limit) const;
  ProgramOutput git(std::vector<std::string> arguments) const;
  void check_out_submodules(const std::string& revision, const std::filesystem::path& tree) const;
  void run_in_tree(std::vector<std::string> arguments, const std::filesystem::path& tree,
                   std::vector<std::string> variables) const;
  void open();
  void sweep() const;
  void tidy() const;
  [[noreturn]] void fail(std::string_view doing, const ProgramOutput& output) const;

  const GitInput& input_;
  const FetchRun& run_;
  std::filesystem::path directory_;
  FileDescriptor lock_;
};

}  // namespace grange
