#include "http/http_body.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "http/file_version.h"

namespace grange {

namespace {

FileBody body_of(std::shared_ptr<const FileDescriptor> file, const struct stat& status) {
  FileBody body;
  body.file = std::move(file);
  body.length = static_cast<std::uint64_t>(status.st_size);
  body.modified = std::chrono::system_clock::from_time_t(status.st_mtime);
  body.version = file_version(status);
  return body;
}

}  // namespace

FileBody FileBody::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK opening a FIFO would wait for a writer.
  auto file = std::make_shared<FileDescriptor>(open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) throw_errno("looking at", path.string());
  if (!S_ISREG(status.st_mode)) throw NotFoundError("no regular file: '" + path.string() + "'");
  return body_of(std::move(file), status);
}

FileGlance FileBody::glance(const std::filesystem::path& path) {
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_CACHED;
  const long opened = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how));
  // A kernel that does not know the call, a path that has to be looked up: somebody else may wait.
  if (opened < 0) {
    const bool is_missing = errno == ENOENT || errno == ENOTDIR;
    return {is_missing ? FileGlance::State::not_there : FileGlance::State::unknown};
  }
  auto file = std::make_shared<FileDescriptor>(static_cast<int>(opened));
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) return {FileGlance::State::not_there};
  return {FileGlance::State::there, body_of(std::move(file), status)};
}

std::optional<std::string> FileBody::text_at_hand() const {
  std::string text(length, '\0');
  std::size_t got = 0;
  while (got < text.size()) {
    iovec part{text.data() + got, text.size() - got};
    const auto at = static_cast<off_t>(offset + got);
    const ssize_t count = ::preadv2(file->get(), &part, 1, at, RWF_NOWAIT);
    if (count <= 0) return std::nullopt;
    got += static_cast<std::size_t>(count);
  }
  return text;
}

std::optional<std::uint64_t> body_length(const ResponseBody& body) {
  if (const auto* text = std::get_if<std::string>(&body)) return text->size();
  if (const auto* file = std::get_if<FileBody>(&body)) return file->length;
  if (const auto* stream = std::get_if<StreamBody>(&body)) return stream->length;
  return 0;
}

}  // namespace grange
