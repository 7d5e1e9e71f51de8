#include "archive/unpack_archive.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kReadSize = std::size_t{1} << 17;
constexpr std::size_t kMaxEntryPath =
    3000;  // so that with the directory's own it fits the kernel's
constexpr std::size_t kMaxName = 255;
constexpr unsigned kMaxRetries = 100;

struct CloseArchive {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};

std::string error_of(archive* reader) {
  const char* text = ::archive_error_string(reader);
  return text == nullptr ? "unknown error" : printable(text);
}

class Unpacking {
 public:
  Unpacking(int file, std::filesystem::path to, const UnpackLimits& limits,
            const UnpackHooks& hooks)
      : to_(std::move(to)),
        limits_(limits),
        hooks_(hooks),
        reader_(::archive_read_new()),
        buffer_(kReadSize) {
    if (!reader_) throw UnavailableError("libarchive does not start");
    open(file);
  }

  std::set<std::string> run() {
    std::uint64_t entries = 0;
    while (auto* entry = next()) {
      hooks_.checkpoint();
      if (++entries > limits_.max_entries) {
        throw InvalidError(
            fmt::format("the archive has more than {} entries", limits_.max_entries));
      }
      take(entry);
    }
    std::set<std::string> top;
    for (const auto& [path, kind] : made_) {
      if (path.find('/') == std::string::npos) top.insert(path);
    }
    return top;
  }

 private:
  enum class Kind { directory, other };

  void open(int file) {
    auto* reader = reader_.get();
    // Not all that libarchive has: some of its filters are other programs, and it answers with a
    // warning where one of these would be.
    for (auto* support : {&::archive_read_support_filter_gzip, &::archive_read_support_filter_bzip2,
                          &::archive_read_support_filter_xz, &::archive_read_support_filter_lzma,
                          &::archive_read_support_filter_zstd, &::archive_read_support_filter_lz4,
                          &::archive_read_support_filter_compress}) {
      if (support(reader) != ARCHIVE_OK) {
        throw UnavailableError("this libarchive lacks a kind of compression: " + error_of(reader));
      }
    }
    for (auto* support :
         {&::archive_read_support_format_tar, &::archive_read_support_format_gnutar,
          &::archive_read_support_format_zip, &::archive_read_support_format_cpio}) {
      if (support(reader) != ARCHIVE_OK) throw UnavailableError("libarchive: " + error_of(reader));
    }
    check(::archive_read_open_fd(reader, file, kReadSize));
  }

  void check(int code) const {
    if (code == ARCHIVE_OK) return;
    if (code == ARCHIVE_WARN) {
      hooks_.report(error_of(reader_.get()));
      return;
    }
    throw InvalidError("cannot read the archive: " + error_of(reader_.get()));
  }

  archive_entry* next() const {
    for (unsigned retries = 0; retries < kMaxRetries; ++retries) {
      archive_entry* entry = nullptr;
      const int code = ::archive_read_next_header(reader_.get(), &entry);
      if (code == ARCHIVE_EOF) return nullptr;
      if (code == ARCHIVE_RETRY) continue;
      check(code);
      return entry;
    }
    throw InvalidError("cannot read the archive: it gives no more entries, and no end");
  }

  /// In the archive's own bytes, or as UTF-8 where it has them only converted.
  static std::string text_of(const char* bytes, const char* utf8) {
    if (bytes != nullptr) return bytes;
    if (utf8 != nullptr) return utf8;
    throw InvalidError("an entry of the archive has a name that cannot be read");
  }

  /// A name relative to the top, without "." and doubled slashes; empty for the top itself.
  static std::string normal(const std::string& name) {
    std::string path;
    for (const auto part : split(name, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        throw InvalidError(fmt::format("'{}' in the archive leads upwards", printable(name)));
      }
      if (part.size() > kMaxName || path.size() + part.size() > kMaxEntryPath) {
        throw InvalidError("the archive has a name that is too long");
      }
      if (!path.empty()) path += '/';
      path += part;
    }
    return path;
  }

  void take(archive_entry* entry) {
    const auto name =
        text_of(::archive_entry_pathname(entry), ::archive_entry_pathname_utf8(entry));
    const auto path = normal(name);
    const auto type = ::archive_entry_filetype(entry);
    const bool hard_link = ::archive_entry_hardlink(entry) != nullptr ||
                           ::archive_entry_hardlink_utf8(entry) != nullptr;
    if (path.empty()) {
      if (type == AE_IFDIR) return;
      throw InvalidError(fmt::format("'{}' in the archive is no name", printable(name)));
    }
    make_parents(path);
    if (hard_link) {
      link(path, entry);
    } else if (type == AE_IFDIR) {
      make_directory(path);
    } else if (type == AE_IFREG) {
      make_room(path);
      write(path, O_EXCL, (::archive_entry_perm(entry) & S_IXUSR) != 0 ? 0755 : 0644);
    } else if (type == AE_IFLNK) {
      symlink(path, entry);
    } else {
      throw InvalidError(fmt::format(
          "'{}' in the archive is neither a file, a directory nor a symlink", printable(name)));
    }
  }

  std::optional<Kind> kind(const std::string& path) const {
    const auto found = made_.find(path);
    return found == made_.end() ? std::nullopt : std::optional(found->second);
  }

  void make_directory(const std::string& path) {
    if (kind(path) == Kind::directory) return;
    make_room(path);
    if (::mkdir((to_ / path).c_str(), 0755) != 0) throw_errno("making directory", path);
    made_.emplace(path, Kind::directory);
  }

  void make_parents(const std::string& path) {
    for (auto slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const auto parent = path.substr(0, slash);
      if (kind(parent) == Kind::other) {
        throw InvalidError(fmt::format("'{}' in the archive lies below '{}', which is no directory",
                                       printable(path), printable(parent)));
      }
      make_directory(parent);
    }
  }

  bool is_empty(const std::string& directory) const {
    const auto below = made_.lower_bound(directory + "/");
    return below == made_.end() || !below->first.starts_with(directory + "/");
  }

  /// An entry takes the place of an earlier one with its name, unless that has others in it.
  void make_room(const std::string& path) {
    const auto existing = kind(path);
    if (!existing) return;
    if (existing == Kind::directory && !is_empty(path)) {
      throw InvalidError(
          fmt::format("'{}' in the archive is a directory and something else", printable(path)));
    }
    const auto real = to_ / path;
    if ((existing == Kind::directory ? ::rmdir(real.c_str()) : ::unlink(real.c_str())) != 0) {
      throw_errno("removing", path);
    }
    made_.erase(path);
  }

  void write(const std::string& path, int flags, mode_t mode) {
    const auto file = open_file(to_ / path, O_WRONLY | O_CREAT | O_NOFOLLOW | flags, mode);
    made_.insert_or_assign(path, Kind::other);
    FdSink sink(file.get());
    for (;;) {
      const auto count = ::archive_read_data(reader_.get(), buffer_.data(), buffer_.size());
      if (count == 0) return;
      if (count == ARCHIVE_RETRY && ++retries_ < kMaxRetries) continue;
      if (count < 0) {
        throw InvalidError(fmt::format("cannot read '{}' from the archive: {}", printable(path),
                                       error_of(reader_.get())));
      }
      bytes_ += static_cast<std::uint64_t>(count);
      if (bytes_ > limits_.max_bytes) {
        throw InvalidError(
            fmt::format("the archive unpacks to more than {} bytes", limits_.max_bytes));
      }
      hooks_.checkpoint();
      sink.write({buffer_.data(), static_cast<std::size_t>(count)});
    }
  }

  void symlink(const std::string& path, archive_entry* entry) {
    const auto target =
        text_of(::archive_entry_symlink(entry), ::archive_entry_symlink_utf8(entry));
    if (target.empty() || target.size() > kMaxEntryPath) {
      throw InvalidError(
          fmt::format("symlink '{}' in the archive has no usable target", printable(path)));
    }
    make_room(path);
    if (::symlink(target.c_str(), (to_ / path).c_str()) != 0) throw_errno("making symlink", path);
    made_.emplace(path, Kind::other);
  }

  void link(const std::string& path, archive_entry* entry) {
    const auto target =
        normal(text_of(::archive_entry_hardlink(entry), ::archive_entry_hardlink_utf8(entry)));
    if (kind(target) != Kind::other) {
      throw InvalidError(
          fmt::format("'{}' in the archive is a link to '{}', which is no file of it",
                      printable(path), printable(target)));
    }
    if (target == path) {
      throw InvalidError(fmt::format("'{}' in the archive is a link to itself", printable(path)));
    }
    make_room(path);
    // Flags of 0: a link to a symlink is a second symlink.
    if (::linkat(AT_FDCWD, (to_ / target).c_str(), AT_FDCWD, (to_ / path).c_str(), 0) != 0) {
      throw_errno("making link", path);
    }
    made_.emplace(path, Kind::other);
    // Some archives have the content with the last of several links.
    struct stat status {};
    const bool has_content =
        ::archive_entry_size_is_set(entry) != 0 && ::archive_entry_size(entry) > 0;
    if (has_content && ::lstat((to_ / path).c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      write(path, O_TRUNC, 0644);
    }
  }

  std::filesystem::path to_;
  const UnpackLimits& limits_;
  const UnpackHooks& hooks_;
  std::unique_ptr<archive, CloseArchive> reader_;
  std::vector<char> buffer_;
  std::map<std::string, Kind> made_;
  std::uint64_t bytes_ = 0;
  unsigned retries_ = 0;
};

}  // namespace

std::set<std::string> unpack_archive(int archive, const std::filesystem::path& to,
                                     const UnpackLimits& limits, const UnpackHooks& hooks) {
  return Unpacking(archive, to, limits, hooks).run();
}

}  // namespace grange
