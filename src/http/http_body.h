#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/file.h"
#include "base/stream.h"

namespace grange {

struct FileGlance;

/// A part of an open file, sent by sendfile(2). A file that turns out shorter while it is sent cuts
/// the connection off.
struct FileBody {
  std::shared_ptr<const FileDescriptor> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  TimePoint modified{};
  /// Another number for another content, as far as inode, size and time of change tell.
  std::uint64_t version = 0;

  /// All of a regular file. Opens it, so not for an io thread. Throws NotFoundError (also for what
  /// is no regular file) and SystemError.
  static FileBody open(const std::filesystem::path& path);
  /// The same without waiting for a disk, also on an io thread. Never throws for the file's sake.
  static FileGlance glance(const std::filesystem::path& path);
  /// Its bytes, where they can be had without waiting for a disk; nothing otherwise.
  std::optional<std::string> text_at_hand() const;
};

/// What can be said of a file from the names and pages that the kernel has in memory.
struct FileGlance {
  enum class State { there, not_there, unknown };
  State state = State::unknown;
  FileBody body{};  ///< where it is there
};

/// A body that is written while it is sent, by a thread of the blocking pool. `write` blocks in the
/// sink while the client is slow; the sink throws when the client is gone or the server stops. When
/// `write` throws before its first byte the client gets an error response, later the connection is
/// cut off, so that no client takes a part for the whole.
struct StreamBody {
  std::function<void(Sink&)> write;
  /// Exactly so many bytes will come; unknown: the body is sent chunked.
  std::optional<std::uint64_t> length;
  /// A part may be asked for: what comes before it is written too, and dropped. Needs `length`.
  bool has_ranges = false;
};

/// What a response carries.
using ResponseBody = std::variant<std::monostate, std::string, FileBody, StreamBody>;

/// Its length where that is known.
std::optional<std::uint64_t> body_length(const ResponseBody& body);

}  // namespace grange
