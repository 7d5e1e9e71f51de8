#include "base/file.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"

namespace grange {
namespace {

[[noreturn]] void throw_file_error(std::string_view verb, const std::filesystem::path& path) {
  if (errno == ENOENT || errno == ENOTDIR || errno == ESRCH) {  // the last: see read_some()
    throw NotFoundError("file '" + path.string() + "' does not exist");
  }
  throw_errno(verb, path.string());
}

/// A file of a process under /proc stays open when the process ends, and then says ESRCH: it is as
/// gone as one that could not be opened.
std::size_t read_some(FdSource& source, const std::filesystem::path& path, char* buffer,
                      std::size_t size) {
  try {
    return source.read(buffer, size);
  } catch (const SystemError& error) {
    if (error.code() != ESRCH) throw;
    throw NotFoundError("file '" + path.string() + "' does not exist any more: its process ended");
  }
}

std::string temporary_sibling(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> next{0};  // only makes names unique within the process
  return path.string() + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(next++);
}

}  // namespace

FileDescriptor open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw_file_error("opening", path);
  return fd;
}

std::pair<FileDescriptor, FileDescriptor> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("making a pipe");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::string read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const FileDescriptor fd = open_file(path, O_RDONLY);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw_errno("looking at", path.string());
  FdSource source(fd.get());
  std::string text;
  const auto expected = static_cast<std::uint64_t>(status.st_size);
  if (expected <= limit) text.resize(static_cast<std::size_t>(expected) + 1);
  std::size_t used = 0;
  return with_context(
      [&] { return "while reading '" + path.string() + "'"; },
      [&] {
        for (;;) {
          if (used == text.size()) text.resize(text.size() * 2 + 4096);
          const auto count = read_some(source, path, text.data() + used, text.size() - used);
          if (count == 0) break;
          used += count;
          if (used > limit) {
            throw CorruptError("the file is larger than " + std::to_string(limit) + " bytes");
          }
        }
        text.resize(used);
        return std::move(text);
      });
}

std::optional<std::string> try_read_file(const std::filesystem::path& path, std::uint64_t limit) {
  try {
    return read_file(path, limit);
  } catch (const NotFoundError&) {
    return std::nullopt;
  }
}

void write_file(const std::filesystem::path& path, std::string_view content, Durability durability,
                mode_t mode) {
  const std::string temporary = temporary_sibling(path);
  try {
    FileDescriptor fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    FdSink(fd.get()).write(content);
    if (durability == Durability::synced && ::fsync(fd.get()) != 0)
      throw_errno("syncing", temporary);
    fd.reset();
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno("replacing", path.string());
  } catch (Error& error) {
    ::unlink(temporary.c_str());
    error.add_context("while writing '" + path.string() + "'");
    throw;
  }
  if (durability == Durability::synced) {
    const auto parent = path.parent_path();
    sync_directory(parent.empty() ? "." : parent);
  }
}

void sync_directory(const std::filesystem::path& path) {
  const FileDescriptor fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (::fsync(fd.get()) != 0) throw_errno("syncing", path.string());
}

void create_directories(const std::filesystem::path& path, mode_t mode) {
  if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return;
  if (errno == ENOENT) {
    create_directories(path.parent_path(), mode);
    if (::mkdir(path.c_str(), mode) == 0) return;
  }
  const int code = errno;
  struct stat status {};
  if (code == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return;
  throw SystemError(code, "creating directory '" + path.string() + "'");
}

TemporaryDirectory::TemporaryDirectory(const std::filesystem::path& parent,
                                       std::string_view prefix) {
  std::string pattern = (parent / (std::string(prefix) + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw_errno("creating a directory below", parent.string());
  path_ = pattern;
}

TemporaryDirectory::TemporaryDirectory()
    : TemporaryDirectory(std::filesystem::temp_directory_path()) {}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (const std::exception&) {  // a leftover in a temporary place is not worth a crash
  }
}

}  // namespace grange
