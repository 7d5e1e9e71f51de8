#include "archive/tree_dumper.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "archive/nar_format.h"
#include "base/error.h"

namespace grange {
namespace {

std::string encode(std::initializer_list<std::string_view> strings) {
  std::string text;
  for (const auto string : strings) append_nar_string(text, string);
  return text;
}

/// The pieces between variable parts, encoded once.
struct Frames {
  std::string magic = encode({kNarMagic});
  std::string regular = encode({"(", "type", "regular", "contents"});
  std::string executable = encode({"(", "type", "regular", "executable", "", "contents"});
  std::string symlink = encode({"(", "type", "symlink", "target"});
  std::string directory = encode({"(", "type", "directory"});
  std::string entry = encode({"entry", "(", "name"});
  std::string node = encode({"node"});
  std::string close = encode({")"});
};

const Frames& frames() {
  static const Frames value;
  return value;
}

constexpr std::uint64_t kAdviseFrom = std::uint64_t{1} << 20;
constexpr std::size_t kReadAtLeast = std::size_t{64} << 10;

struct stat look(int fd, const std::string& shown) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw_errno("looking at", shown);
  return status;
}

}  // namespace

void TreeDumper::fail(std::string_view verb) const {
  if (errno == ENOENT) throw NotFoundError("file '" + shown_ + "' does not exist");
  throw_errno(verb, shown_);
}

void TreeDumper::dump(const std::filesystem::path& root) {
  shown_ = root.string();
  while (shown_.size() > 1 && shown_.back() == '/') shown_.pop_back();
  output_.append(frames().magic);
  const std::string name = shown_;
  node(AT_FDCWD, name.c_str(), {}, DT_UNKNOWN, 0);
}

void TreeDumper::node(int parent, const char* name, std::string_view nar_name, unsigned char type,
                      std::size_t depth) {
  if (depth >= kNarMaxDepth) {
    throw InvalidError("'" + shown_ + "' lies deeper than the " + std::to_string(kNarMaxDepth) +
                       " levels that a NAR may have");
  }
  if (type == DT_UNKNOWN) {
    struct stat status {};
    if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) fail("looking at");
    type = static_cast<unsigned char>(IFTODT(status.st_mode));
  }
  switch (type) {
    case DT_REG:
      return file(parent, name, nar_name);
    case DT_LNK:
      return symlink(parent, name, nar_name);
    case DT_DIR:
      return directory(parent, name, nar_name, depth);
    default:
      throw InvalidError("'" + shown_ +
                         "' is no regular file, directory or symlink; a NAR cannot hold it");
  }
}

void TreeDumper::file(int parent, const char* name, std::string_view nar_name) {
  // Not blocking, in case a pipe has taken the file's place since it was listed.
  const FileDescriptor fd(::openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd) fail("opening");
  const struct stat status = look(fd.get(), shown_);
  if (!S_ISREG(status.st_mode)) {
    throw UnavailableError("'" + shown_ + "' became something else while it was read");
  }
  const bool executable = (status.st_mode & S_IXUSR) != 0;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  frame_ = executable ? frames().executable : frames().regular;
  append_nar_number(frame_, size);
  output_.append(frame_);
  if (mirror_ != nullptr) mirror_->file_begin(nar_name, executable, size);
  if (size >= kAdviseFrom) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  contents(fd.get(), size);
  frame_.assign(nar_padding(size), '\0');
  frame_ += frames().close;
  output_.append(frame_);
  if (mirror_ != nullptr) mirror_->file_end();
}

void TreeDumper::contents(int fd, std::uint64_t size) {
  for (std::uint64_t left = size; left > 0;) {
    const auto least = static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadAtLeast));
    const auto space = output_.space(least);
    const ssize_t count = ::read(fd, space.data(), std::min<std::uint64_t>(space.size(), left));
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("reading", shown_);
    }
    if (count == 0) {
      throw UnavailableError("'" + shown_ + "' changed while it was read: specified " +
                             std::to_string(size) + " bytes, got " + std::to_string(size - left));
    }
    const auto got = static_cast<std::size_t>(count);
    output_.commit(got);
    if (mirror_ != nullptr) mirror_->file_data({space.data(), got});
    left -= got;
  }
}

void TreeDumper::symlink(int parent, const char* name, std::string_view nar_name) {
  std::array<char, kNarMaxTarget + 2> target{};
  const ssize_t count = ::readlinkat(parent, name, target.data(), target.size());
  if (count < 0) fail("reading the symlink");
  const std::string_view text(target.data(), static_cast<std::size_t>(count));
  if (!is_nar_target(text)) {
    throw InvalidError("symlink '" + shown_ + "' has a target that a NAR cannot hold");
  }
  frame_ = frames().symlink;
  append_nar_string(frame_, text);
  frame_ += frames().close;
  output_.append(frame_);
  if (mirror_ != nullptr) mirror_->symlink(nar_name, text);
}

void TreeDumper::directory(int parent, const char* name, std::string_view nar_name,
                           std::size_t depth) {
  const FileDescriptor fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) fail("opening");
  output_.append(frames().directory);
  if (mirror_ != nullptr) mirror_->directory_begin(nar_name);
  const std::size_t length = shown_.size();
  for (const Entry& entry : entries(fd.get())) {
    shown_ += '/';
    shown_ += entry.name;
    frame_ = frames().entry;
    append_nar_string(frame_, entry.name);
    frame_ += frames().node;
    output_.append(frame_);
    node(fd.get(), entry.name.c_str(), entry.name, entry.type, depth + 1);
    output_.append(frames().close);
    shown_.resize(length);
  }
  output_.append(frames().close);
  if (mirror_ != nullptr) mirror_->directory_end();
}

std::vector<TreeDumper::Entry> TreeDumper::entries(int fd) {
  // getdents64 itself: readdir allocates and frees 32 KB for every directory.
  struct Record {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    unsigned char type;
  };
  constexpr std::size_t kNameOffset = offsetof(Record, type) + 1;
  listing_.resize(std::size_t{64} << 10);
  std::vector<Entry> found;
  for (;;) {
    const long count = ::syscall(SYS_getdents64, fd, listing_.data(), listing_.size());
    if (count < 0) throw_errno("listing", shown_);
    if (count == 0) break;
    for (long at = 0; at < count;) {
      Record record;
      std::memcpy(&record, listing_.data() + at, kNameOffset);
      const char* name = listing_.data() + at + kNameOffset;
      if (std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0) {
        found.push_back({name, record.type});
      }
      at += record.length;
    }
  }
  // std::string compares as unsigned bytes, which is the order that a NAR needs.
  std::sort(found.begin(), found.end(),
            [](const Entry& left, const Entry& right) { return left.name < right.name; });
  return found;
}

}  // namespace grange
