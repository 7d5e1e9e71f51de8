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

/// A part of an open file, sent by sendfile(2). A file that turns out shorter while it is sent cuts
/// the connection off.
struct FileBody {
  std::shared_ptr<const FileDescriptor> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  TimePoint modified{};

  /// All of a regular file. Opens it, so not for an io thread. Throws NotFoundError (also for what
  /// is no regular file) and SystemError.
  static FileBody open(const std::filesystem::path& path);
};

/// A body that is written while it is sent, by a thread of the blocking pool. `write` blocks in the
/// sink while the client is slow; the sink throws when the client is gone or the server stops. When
/// `write` throws before its first byte the client gets an error response, later the connection is
/// cut off, so that no client takes a part for the whole.
struct StreamBody {
  std::function<void(Sink&)> write;
  /// Exactly so many bytes will come; unknown: the body is sent chunked.
  std::optional<std::uint64_t> length;
};

/// What a response carries.
using ResponseBody = std::variant<std::monostate, std::string, FileBody, StreamBody>;

/// Its length where that is known.
std::optional<std::uint64_t> body_length(const ResponseBody& body);

}  // namespace grange
