#include "http/http_body.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"

namespace grange {

FileBody FileBody::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK opening a FIFO would wait for a writer.
  auto file = std::make_shared<FileDescriptor>(open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) throw_errno("looking at", path.string());
  if (!S_ISREG(status.st_mode)) throw NotFoundError("no regular file: '" + path.string() + "'");
  FileBody body;
  body.file = std::move(file);
  body.length = static_cast<std::uint64_t>(status.st_size);
  body.modified = std::chrono::system_clock::from_time_t(status.st_mtime);
  return body;
}

std::optional<std::uint64_t> body_length(const ResponseBody& body) {
  if (const auto* text = std::get_if<std::string>(&body)) return text->size();
  if (const auto* file = std::get_if<FileBody>(&body)) return file->length;
  if (const auto* stream = std::get_if<StreamBody>(&body)) return stream->length;
  return 0;
}

}  // namespace grange
