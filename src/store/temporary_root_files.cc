#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "store/gc_roots.h"

namespace grange {
namespace {

/// A temporary root per path and process; nobody needs more than a whole store of them.
constexpr std::uint64_t kFileLimit = std::uint64_t{1} << 30;

std::string read_open_file(int fd, const std::string& shown) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("reading temporary roots in", shown);
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > kFileLimit) {
      throw CorruptError("the file of temporary roots '" + shown + "' is larger than 1 GiB");
    }
  }
}

/// The process that wrote it is gone. Whoever has opened it to take it over sees by the byte in it
/// that it is gone from the directory.
void remove_stale_file(int fd, const std::filesystem::path& file) {
  ::unlink(file.c_str());
  [[maybe_unused]] const auto written = ::write(fd, "d", 1);
}

/// Does what is written in it end with `text`?
bool ends_with(int fd, std::string_view text) {
  struct stat status {};
  const auto length = static_cast<off_t>(text.size());
  if (::fstat(fd, &status) != 0 || status.st_size < length) return false;
  std::string end(text.size(), '\0');
  const ssize_t count = ::pread(fd, end.data(), end.size(), status.st_size - length);
  return count == static_cast<ssize_t>(text.size()) && end == text;
}

}  // namespace

bool has_written_root(const StoreLocation& location, long process, std::string_view path) {
  const std::string line = std::string(path) + '\0';
  bool has_file = false;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(location.state / "temproots", error)) {
    const auto number = parse_number(entry.path().filename().string());
    if (!number || *number % kTemporaryRootsStride != static_cast<std::uint64_t>(process)) continue;
    const FileDescriptor file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) continue;
    has_file = true;
    if (ends_with(file.get(), line)) return true;
  }
  return !has_file;
}

std::vector<StoreRoot> read_temporary_roots(const StoreLocation& location, bool remove_stale) {
  std::vector<StoreRoot> roots;
  const auto directory = location.state / "temproots";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    if (!parse_number(name)) continue;
    const FileDescriptor file(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file) {
      if (errno == ENOENT) continue;  // its process has just ended
      throw_errno("opening temporary roots in", entry.path().string());
    }
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
      if (remove_stale) remove_stale_file(file.get(), entry.path());
      continue;
    }
    if (errno != EWOULDBLOCK) throw_errno("locking", entry.path().string());
    const std::string text = read_open_file(file.get(), entry.path().string());
    for (const auto line : split(text, '\0')) {
      if (auto path = location.store_dir.try_parse_path(line)) {
        roots.push_back({std::move(*path), entry.path().string()});
      }
    }
  }
  if (error && error.value() != ENOENT) {
    throw SystemError(error.value(), "looking for temporary roots in '" + directory.string() + "'");
  }
  return roots;
}

}  // namespace grange
