#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "http/http_body.h"

namespace grange {

/// Something in an output of a build.
struct OutputFile {
  /// Of a regular file; nothing: it is a directory.
  std::optional<FileBody> body;
};

/// What is at `relative` ("" is the output itself) in the output that lies at `output`. Symlinks
/// are followed as long as they stay within the output; kernels that cannot do that follow none.
/// Opens it, so not for an io thread. Throws NotFoundError: for what is not there, leads out of the
/// output, or is neither a regular file nor a directory.
OutputFile open_output_file(const std::filesystem::path& output, std::string_view relative);

/// The same of a directory, opened. NotFoundError also for what is none.
FileDescriptor open_output_directory(const std::filesystem::path& output,
                                     std::string_view relative);

/// The media type that the ending of a name tells; "application/octet-stream" where it tells none.
std::string_view media_type_of_name(std::string_view name);

}  // namespace grange
