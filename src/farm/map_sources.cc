#include "farm/map_sources.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "derivation/target_map_file.h"
#include "farm/map_note.h"

namespace grange {
namespace {

constexpr std::array<std::string_view, 2> kEndings = {".json.zst", ".json"};

/// A map that others hand over must be whole, and of the commit that it was found under.
void check_map(const TargetMap& map, const CommitId& commit) {
  if (map.commit != commit.str()) {
    throw InvalidError("specified the map of commit " + commit.str() + ", got one of '" +
                       map.commit + "'");
  }
  if (!map.complete) throw InvalidError("the map is not complete");
}

class RecordSource final : public MapSource {
 public:
  RecordSource(Record& record, std::string line) : record_(record), line_(std::move(line)) {}

  std::string name() const override { return "the record"; }
  bool is_own() const override { return true; }

  std::set<CommitId> among(std::span<const CommitId> commits) override {
    std::vector<std::string> texts;
    for (const auto& commit : commits) texts.push_back(commit.str());
    maps_ = record_.commit_maps(line_, texts);
    std::set<CommitId> found;
    for (const auto& [commit, id] : maps_.complete) found.insert(CommitId::parse(commit));
    return found;
  }

  std::optional<TargetMap> read(const CommitId& commit) override {
    const auto found = maps_.complete.find(commit.str());
    if (found == maps_.complete.end()) return std::nullopt;
    auto evaluation = record_.evaluation(found->second);
    if (!evaluation) return std::nullopt;  // another process has removed it since
    return std::move(evaluation->map);
  }

  std::set<CommitId> forgotten() const override {
    std::set<CommitId> commits;
    for (const auto& commit : maps_.forgotten) commits.insert(CommitId::parse(commit));
    return commits;
  }

 private:
  Record& record_;
  std::string line_;
  CommitMaps maps_;
};

class DirectorySource final : public MapSource {
 public:
  explicit DirectorySource(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::string name() const override { return "the directory '" + directory_.string() + "'"; }
  bool is_own() const override { return false; }

  std::set<CommitId> among(std::span<const CommitId> commits) override {
    const std::set<CommitId> asked(commits.begin(), commits.end());
    std::error_code problem;
    std::filesystem::directory_iterator entries(directory_, problem);
    if (problem) {
      throw NotFoundError("cannot read " + name() + ": " + problem.message());
    }
    std::set<CommitId> found;
    for (const auto& entry : entries) {
      const std::string file = entry.path().filename().string();
      const auto commit = CommitId::try_parse(file.substr(0, file.find('.')));
      if (!commit || !asked.contains(*commit)) continue;
      const auto ending = std::string_view(file).substr(commit->str().size());
      if (std::find(kEndings.begin(), kEndings.end(), ending) == kEndings.end()) continue;
      if (!entry.is_regular_file(problem)) continue;  // a pipe would wait for ever
      auto& path = files_[*commit];
      if (path.empty() || ending == kEndings.front())
        path = entry.path();  // of two, always the same
      found.insert(*commit);
    }
    return found;
  }

  std::optional<TargetMap> read(const CommitId& commit) override {
    const auto found = files_.find(commit);
    if (found == files_.end()) return std::nullopt;
    return with_context([&] { return "while reading '" + found->second.string() + "'"; },
                        [&] {
                          auto map = read_target_map_file(found->second);
                          check_map(map, commit);
                          return map;
                        });
  }

 private:
  std::filesystem::path directory_;
  std::map<CommitId, std::filesystem::path> files_;
};

class NotesSource final : public MapSource {
 public:
  NotesSource(GitNotes notes, std::string line)
      : notes_(std::move(notes)), line_(std::move(line)) {}

  std::string name() const override { return "the git notes"; }
  bool is_own() const override { return false; }

  std::set<CommitId> among(std::span<const CommitId> commits) override {
    blobs_ = notes_.list();
    std::set<CommitId> found;
    for (const auto& commit : commits) {
      if (blobs_.contains(commit)) found.insert(commit);
    }
    return found;
  }

  std::optional<TargetMap> read(const CommitId& commit) override {
    return with_context([&] { return "while reading the git note of " + commit.short_str(); },
                        [&]() -> std::optional<TargetMap> {
                          auto entry = find_in_map_note(notes_.read_blob(blobs_.at(commit)), line_);
                          if (!entry) return std::nullopt;
                          check_map(entry->map, commit);
                          return std::move(entry->map);
                        });
  }

 private:
  GitNotes notes_;
  std::string line_;
  std::map<CommitId, std::string> blobs_;
};

}  // namespace

std::unique_ptr<MapSource> make_record_source(Record& record, const std::string& line) {
  return std::make_unique<RecordSource>(record, line);
}

std::unique_ptr<MapSource> make_directory_source(const std::filesystem::path& directory) {
  return std::make_unique<DirectorySource>(directory);
}

std::unique_ptr<MapSource> make_notes_source(GitNotes notes, const std::string& line) {
  return std::make_unique<NotesSource>(std::move(notes), line);
}

std::filesystem::path map_file_of(const std::filesystem::path& directory, const CommitId& commit) {
  return directory / (commit.str() + std::string(kEndings.front()));
}

}  // namespace grange
