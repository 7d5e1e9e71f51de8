#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/unpack_archive.h"
#include "base/error.h"
#include "base/file.h"

/// An archive: whatever it says, nothing appears beside the directory that it is unpacked to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const FileDescriptor archive(::memfd_create("archive", MFD_CLOEXEC));
  if (!archive || ::write(archive.get(), data, size) != static_cast<ssize_t>(size) ||
      ::lseek(archive.get(), 0, SEEK_SET) != 0) {
    std::abort();
  }
  const bool shared_memory = std::filesystem::exists("/dev/shm");
  const TemporaryDirectory directory(shared_memory ? std::filesystem::path("/dev/shm")
                                                   : std::filesystem::temp_directory_path());
  const auto to = directory.path() / "to";
  std::filesystem::create_directory(to);
  UnpackLimits limits;
  limits.max_bytes = 1 << 20;
  limits.max_entries = 1000;
  try {
    const auto top = unpack_archive(archive.get(), to, limits, {[](const std::string&) {}, [] {}});
    std::set<std::string> there;
    for (const auto& entry : std::filesystem::directory_iterator(to)) {
      there.insert(entry.path().filename().string());
    }
    if (there != top) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path() != to) std::abort();
  }
  return 0;
}
