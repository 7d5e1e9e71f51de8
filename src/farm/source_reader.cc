#include "farm/source_reader.h"

#include <string>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

constexpr std::uint64_t kLargestSource = std::uint64_t{1} << 20;

}  // namespace

SourceReader source_reader(const std::filesystem::path& directory) {
  return [directory](const StorePath& path, std::string& content) {
    const auto file = directory / path.base_name();
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
        static_cast<std::uint64_t>(status.st_size) > kLargestSource) {
      return false;
    }
    try {
      content = read_file(file, kLargestSource);
      return true;
    } catch (const Error&) {
      return false;  // gone, grown, or not ours to read: it is not at hand
    }
  };
}

}  // namespace grange
