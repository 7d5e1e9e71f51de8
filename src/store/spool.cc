#include "store/spool.h"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kMostInMemory = std::size_t{1} << 20;

FileDescriptor unnamed_file() {
  const auto directory = std::filesystem::temp_directory_path();
  FileDescriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // The file system knows no such files.
  auto path = (directory / "grange-spool-XXXXXX").string();
  file = FileDescriptor(::mkostemp(path.data(), O_CLOEXEC));
  if (!file) throw_errno("making a temporary file in", directory.string());
  ::unlink(path.c_str());
  return file;
}

/// A part of a file, whatever its offset is.
class FilePart final : public Source {
 public:
  FilePart(int file, std::uint64_t offset, std::uint64_t length)
      : file_(file), at_(offset), end_(offset + length) {}
  std::size_t read(char* buffer, std::size_t size) override {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_ - at_));
    if (size == 0) return 0;
    ssize_t count = 0;
    do {
      count = ::pread(file_, buffer, size, static_cast<off_t>(at_));
    } while (count < 0 && errno == EINTR);
    if (count < 0) throw_errno("reading a temporary file");
    if (count == 0) throw CorruptError("a temporary file was cut off");
    at_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

 private:
  int file_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace

void Spool::write(std::string_view data) {
  size_ += data.size();
  if (!file_ && memory_.size() + data.size() <= kMostInMemory) {
    memory_.append(data);
    return;
  }
  if (!file_) {
    file_ = unnamed_file();
    FdSink(file_.get()).write(memory_);
    memory_ = {};
  }
  FdSink(file_.get()).write(data);
}

std::unique_ptr<Source> Spool::read(std::uint64_t offset, std::uint64_t length) const {
  if (file_) return std::make_unique<FilePart>(file_.get(), offset, length);
  return std::make_unique<StringSource>(std::string_view(memory_).substr(offset, length));
}

}  // namespace grange
