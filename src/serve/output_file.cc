#include "serve/output_file.h"

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "http/file_version.h"

namespace grange {
namespace {

constexpr int kOutputFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;

[[noreturn]] void nothing_there() {
  throw NotFoundError("the output has no such file");
}

bool is_missing(int error) {
  // EXDEV and ELOOP: it leads out, or a symlink is not followed.
  return error == ENOENT || error == ENOTDIR || error == EXDEV || error == ELOOP ||
         error == EACCES || error == ENAMETOOLONG || error == ENXIO;
}

FileDescriptor checked(int opened) {
  if (opened >= 0) return FileDescriptor(opened);
  if (is_missing(errno)) nothing_there();
  throw_errno("opening a file of an output");
}

/// Each part by itself, and none of them a symlink.
FileDescriptor open_by_parts(FileDescriptor at, std::string_view relative) {
  for (const auto part : split(relative, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") nothing_there();
    at = checked(::openat(at.get(), std::string(part).c_str(), kOutputFlags | O_NOFOLLOW));
  }
  return at;
}

FileDescriptor open_within(FileDescriptor output, std::string_view relative) {
  if (relative.empty()) return output;
  open_how how{};
  how.flags = static_cast<std::uint64_t>(kOutputFlags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string path(relative);
  const long opened = ::syscall(SYS_openat2, output.get(), path.c_str(), &how, sizeof(how));
  if (opened < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN)) {
    return open_by_parts(std::move(output), relative);
  }
  return checked(static_cast<int>(opened));
}

}  // namespace

OutputFile open_output_file(const std::filesystem::path& output, std::string_view relative) {
  if (relative.find('\0') != relative.npos) nothing_there();
  auto file = std::make_shared<FileDescriptor>(
      open_within(checked(::open(output.c_str(), kOutputFlags | O_NOFOLLOW)), relative));
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) throw_errno("looking at a file of an output");
  if (S_ISDIR(status.st_mode)) return {};
  if (!S_ISREG(status.st_mode)) nothing_there();
  FileBody body;
  body.length = static_cast<std::uint64_t>(status.st_size);
  body.version = file_version(status);
  body.file = std::move(file);
  return {std::move(body)};
}

FileDescriptor open_output_directory(const std::filesystem::path& output,
                                     std::string_view relative) {
  if (relative.find('\0') != relative.npos) nothing_there();
  auto opened = open_within(checked(::open(output.c_str(), kOutputFlags | O_NOFOLLOW)), relative);
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) throw_errno("looking at a directory of an output");
  if (!S_ISDIR(status.st_mode)) nothing_there();
  return opened;
}

std::string_view media_type_of_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kTypes{{
      {"html", "text/html; charset=utf-8"},
      {"htm", "text/html; charset=utf-8"},
      {"xhtml", "application/xhtml+xml"},
      {"css", "text/css; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"xml", "application/xml"},
      {"txt", "text/plain; charset=utf-8"},
      {"log", "text/plain; charset=utf-8"},
      {"md", "text/plain; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"sh", "text/plain; charset=utf-8"},
      {"svg", "image/svg+xml"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},
      {"webp", "image/webp"},
      {"ico", "image/x-icon"},
      {"woff", "font/woff"},
      {"woff2", "font/woff2"},
      {"pdf", "application/pdf"},
  }};
  const auto dot = name.rfind('.');
  const auto ending = dot == name.npos ? std::string_view() : name.substr(dot + 1);
  for (const auto& [known, type] : kTypes) {
    if (ending == known) return type;
  }
  return "application/octet-stream";
}

}  // namespace grange
