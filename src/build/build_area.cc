#include "build/build_area.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"

namespace grange {
namespace {

// A record is a kind, its object and a NUL byte.
constexpr std::string_view kOutput = "output ";
constexpr std::string_view kDirectory = "directory ";
constexpr std::string_view kReleased = "released ";
constexpr std::uint64_t kJournalLimit = std::uint64_t{1} << 20;

std::filesystem::path journal_path(const std::filesystem::path& area) {
  return area / "journal";
}

std::string record(std::string_view kind, const std::string& object) {
  return std::string(kind) + object + '\0';
}

/// What the directory of one sandboxed attempt always holds.
std::set<std::string> kept_in_attempts(const StoreDir& store_dir) {
  std::set<std::string> kept{"build", "root", "root/tmp"};
  std::string directory = "root";
  for (const auto& component : std::filesystem::path(store_dir.str()).relative_path()) {
    kept.insert(directory += "/" + component.string());
  }
  return kept;
}

FileDescriptor open_journal(const std::filesystem::path& area) {
  return open_file(journal_path(area), O_WRONLY | O_CREAT | O_APPEND, 0600);
}

}  // namespace

std::filesystem::path steps_lock_path(const std::filesystem::path& area) {
  return area / "steps";
}

std::filesystem::path build_areas(const StoreLocation& location) {
  return location.own_state() / "builds";
}

std::filesystem::path kept_directories(const StoreLocation& location) {
  return location.own_state() / "failed";
}

BuildArea::BuildArea(const LocalStore& store) {
  const auto areas = build_areas(store.location());
  grange::create_directories(areas);
  // Without this lock a cleaner could take the new area for a dead one before it is locked.
  const auto areas_lock = open_file(areas, O_RDONLY | O_DIRECTORY);
  if (::flock(areas_lock.get(), LOCK_EX) != 0) throw_errno("locking", areas.string());
  TemporaryDirectory area(areas, std::to_string(::getpid()));
  lock_ = open_file(area.path(), O_RDONLY | O_DIRECTORY);
  if (::flock(lock_.get(), LOCK_EX) != 0) throw_errno("locking", area.path().string());
  steps_lock_ = open_file(steps_lock_path(area.path()), O_RDWR | O_CREAT, 0600);
  if (::flock(steps_lock_.get(), LOCK_EX) != 0) throw_errno("locking", area.path().string());
  journal_ = open_journal(area.path());
  path_ = area.keep();
  directories_.emplace(path_, kept_in_attempts(store.store_dir()));
}

BuildArea::~BuildArea() {
  try {
    remove_tree(path_);
  } catch (const std::exception&) {  // the next process that cleans up tries again
  }
}

void BuildArea::append(AttemptId attempt, const std::string& records) {
  const MutexLock lock(mutex_);
  running_[attempt] += records;
  FdSink(journal_.get()).write(records);
  journal_size_ += records.size();
  if (journal_size_ > kJournalLimit) compact();
}

void BuildArea::compact() {
  std::string records;
  for (const auto& [attempt, its_records] : running_) records += its_records;
  write_file(journal_path(path_), records);
  journal_ = open_journal(path_);
  journal_size_ = records.size();
}

BuildArea::AttemptId BuildArea::begin() {
  const MutexLock lock(mutex_);
  return next_++;
}

void BuildArea::add_outputs(AttemptId attempt, const std::vector<StorePath>& outputs) {
  std::string records;
  for (const auto& output : outputs) records += record(kOutput, output.base_name());
  append(attempt, records);
}

void BuildArea::add_directory(AttemptId attempt, const std::filesystem::path& directory) {
  append(attempt, record(kDirectory, directory.string()));
}

void BuildArea::release_directory(AttemptId attempt, const std::filesystem::path& directory) {
  append(attempt, record(kReleased, directory.string()));
}

void BuildArea::end(AttemptId attempt) noexcept {
  const MutexLock lock(mutex_);
  running_.erase(attempt);
}

AttemptTraces read_journal(const std::filesystem::path& area) {
  AttemptTraces traces;
  const auto text = try_read_file(journal_path(area));
  if (!text) return traces;
  std::string_view rest = *text;
  for (auto end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
    const auto entry = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (entry.starts_with(kOutput)) {
      if (auto path = StorePath::try_parse(entry.substr(kOutput.size()))) {
        traces.outputs.insert(std::move(*path));
      }
    } else if (entry.starts_with(kDirectory)) {
      traces.directories.emplace(entry.substr(kDirectory.size()));
    } else if (entry.starts_with(kReleased)) {
      traces.directories.erase(std::string(entry.substr(kReleased.size())));
    }
  }
  return traces;
}

}  // namespace grange
