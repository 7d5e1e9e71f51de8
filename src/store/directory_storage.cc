#include "store/directory_storage.h"

#include <atomic>
#include <optional>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"

namespace grange {
namespace {

/// The names of unfinished objects begin with this, where they have any; what a killed process left
/// of them is removed when it is a day old.
constexpr std::string_view kStagedPrefix = ".grange-staged-";
constexpr std::int64_t kLeftoverAge = 24 * 3600;

/// A file that owns its descriptor.
class FileSource final : public Source {
 public:
  explicit FileSource(FileDescriptor file) : file_(std::move(file)), source_(file_.get()) {}
  std::size_t read(char* buffer, std::size_t size) override { return source_.read(buffer, size); }

 private:
  FileDescriptor file_;
  FdSource source_;
};

/// A file that has no name until it is committed, so that a killed process leaves nothing; where
/// the file system knows no such files, one with a name of its own.
class StagedFile final : public StagedObject {
 public:
  StagedFile(const std::filesystem::path& directory, bool sync, std::uint64_t number)
      : directory_(directory),
        sync_(sync),
        path_(directory / (std::string(kStagedPrefix) + std::to_string(::getpid()) + "-" +
                           std::to_string(number))),
        file_(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644)) {
    if (!file_) {
      file_ = open_file(path_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
      named_ = true;
    }
    sink_.emplace(file_.get());
  }
  ~StagedFile() override {
    if (named_) ::unlink(path_.c_str());
  }
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  Sink& sink() override { return *sink_; }

  void commit(const std::string& key, std::string_view) override {
    const auto to = directory_ / key;
    if (sync_ && ::fsync(file_.get()) != 0) throw_errno("syncing", path_.string());
    if (to.has_parent_path()) grange::create_directories(to.parent_path());
    fault_point("storage.before-rename");
    if (!named_ && !link(to)) {
      // Something is there, and only a rename can replace it.
      if (!link(path_)) throw ConflictError("'" + path_.string() + "' is there already");
      named_ = true;
    }
    if (named_ && ::rename(path_.c_str(), to.c_str()) != 0) {
      throw_errno("renaming to", to.string());
    }
    named_ = false;
    if (sync_) sync_directory(to.parent_path());
  }

 private:
  /// False: there is such a name already.
  bool link(const std::filesystem::path& to) const {
    const auto file = "/proc/self/fd/" + std::to_string(file_.get());
    if (::linkat(AT_FDCWD, file.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
    if (errno != EEXIST) throw_errno("naming", to.string());
    return false;
  }

  const std::filesystem::path& directory_;
  bool sync_;
  std::filesystem::path path_;
  FileDescriptor file_;
  std::optional<FdSink> sink_;
  bool named_ = false;
};

class DirectoryStorage final : public Storage {
 public:
  DirectoryStorage(const std::filesystem::path& directory, const DirectoryStorageOptions& options)
      : directory_(directory), options_(options) {
    if (options.create) grange::create_directories(directory_);
    if (!std::filesystem::is_directory(directory_)) {
      throw NotFoundError("there is no directory '" + directory_.string() + "'");
    }
    remove_leftovers();
  }

  std::string describe() const override { return "file://" + directory_.string(); }

  bool has(const std::string& key) override {
    if (::access((directory_ / key).c_str(), F_OK) == 0) return true;
    if (errno != ENOENT && errno != ENOTDIR)
      throw_errno("looking for", (directory_ / key).string());
    return false;
  }

  std::optional<std::string> read(const std::string& key, std::uint64_t limit) override {
    return try_read_file(directory_ / key, limit);
  }

  std::unique_ptr<Source> open(const std::string& key) override {
    return std::make_unique<FileSource>(open_file(directory_ / key, O_RDONLY));
  }

  std::unique_ptr<StagedObject> stage() override {
    return std::make_unique<StagedFile>(directory_, options_.sync, ++staged_);
  }

  void write(const std::string& key, std::string_view content, std::string_view type) override {
    const auto staged = stage();
    staged->sink().write(content);
    staged->commit(key, type);
  }

  std::vector<std::string> list(std::string_view suffix) override {
    std::vector<std::string> keys;
    for_each_name([&](std::string_view name) {
      if (name.ends_with(suffix) && name.front() != '.') keys.emplace_back(name);
    });
    return keys;
  }

 private:
  template <typename Visit>
  void for_each_name(const Visit& visit) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory_.c_str()), &::closedir);
    if (!stream) throw_errno("opening", directory_.string());
    while (const dirent* entry = ::readdir(stream.get())) visit(std::string_view(entry->d_name));
  }

  void remove_leftovers() {
    for_each_name([&](std::string_view name) {
      if (!name.starts_with(kStagedPrefix)) return;
      const auto path = directory_ / name;
      struct stat status {};
      if (::lstat(path.c_str(), &status) != 0) return;
      if (::time(nullptr) - status.st_mtime > kLeftoverAge) ::unlink(path.c_str());
    });
  }

  std::filesystem::path directory_;
  DirectoryStorageOptions options_;
  std::atomic<std::uint64_t> staged_ = 0;
};

}  // namespace

std::unique_ptr<Storage> open_directory_storage(const std::filesystem::path& directory,
                                                const DirectoryStorageOptions& options) {
  return with_context([&] { return "while opening the directory '" + directory.string() + "'"; },
                      [&] { return std::make_unique<DirectoryStorage>(directory, options); });
}

}  // namespace grange
