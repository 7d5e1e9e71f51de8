#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "farm/commit_id.h"
#include "farm/git_program.h"

namespace grange {

/// Where maps are kept in a repository. Not shown by git log, pushed and fetched only when asked.
inline constexpr std::string_view kNotesReference = "refs/notes/grange";

/// The git notes that hold target maps. Throws as GitProgram does.
class GitNotes {
 public:
  explicit GitNotes(GitProgram git) : git_(std::move(git)) {}

  /// Which commits have one, with the name of the blob that it is.
  std::map<CommitId, std::string> list() const;
  /// One of the blobs of `list`. Throws InvalidError when it is larger than a map's note may be.
  std::string read_blob(const std::string& blob) const;
  /// The note of one commit; nothing where there is none.
  std::optional<std::string> read(const CommitId& commit) const;
  /// Replaces it. Lines keep their order; white space at their ends and empty lines go.
  void write(const CommitId& commit, std::string_view text) const;

 private:
  GitProgram git_;
};

}  // namespace grange
