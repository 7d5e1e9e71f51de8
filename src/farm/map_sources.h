#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "farm/commit_id.h"
#include "farm/git_notes.h"
#include "record/record.h"

namespace grange {

/// One place where the maps of commits are kept, seen by one search for a base.
class MapSource {
 public:
  virtual ~MapSource() = default;
  /// For people: "the record", "the directory 'maps'".
  virtual std::string name() const = 0;
  /// Did this program, here, see everything that a map says? If not, others may write there.
  virtual bool is_own() const = 0;
  /// Which of these commits it says it has a map of, asked for all at once.
  virtual std::set<CommitId> among(std::span<const CommitId> commits) = 0;
  /// One of these: nothing when it is of another selection after all. Throws InvalidError,
  /// CorruptError and others for what is not a complete map of that commit.
  virtual std::optional<TargetMap> read(const CommitId& commit) = 0;
  /// Of those asked for: which it had, until retention removed them.
  virtual std::set<CommitId> forgotten() const { return {}; }
};

std::unique_ptr<MapSource> make_record_source(Record& record, const std::string& line);
/// A directory with files COMMIT.json or COMMIT.json.zst and COMMIT.json.meta, of one selection.
std::unique_ptr<MapSource> make_directory_source(const std::filesystem::path& directory);
std::unique_ptr<MapSource> make_notes_source(GitNotes notes, const std::string& line);

/// The file for a commit's map in a directory of maps.
std::filesystem::path map_file_of(const std::filesystem::path& directory, const CommitId& commit);

}  // namespace grange
