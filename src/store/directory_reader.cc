#include <array>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "store/local_store.h"

namespace grange {
namespace {

constexpr std::uint64_t kDerivationLimit = std::uint64_t{256} << 20;

}  // namespace

DerivationReader directory_reader(const std::filesystem::path& directory) {
  // A directory that does not exist holds no derivations.
  const auto fd =
      std::make_shared<FileDescriptor>(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string shown = directory.string();
  if (!*fd && errno != ENOENT) throw_errno("opening", shown);
  return [fd, shown](const StorePath& path, std::string& text) {
    if (!*fd) return false;
    const FileDescriptor file(
        ::openat(fd->get(), path.base_name().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) {
      if (errno == ENOENT) return false;
      throw_errno("opening", shown + "/" + path.base_name());
    }
    text.clear();
    std::array<char, std::size_t{32} << 10> buffer;  // uninitialised: most texts fill a part of it
    for (;;) {
      const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw_errno("reading", shown + "/" + path.base_name());
      if (count == 0) return true;
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (text.size() > kDerivationLimit) {
        throw CorruptError("derivation '" + shown + "/" + path.base_name() +
                           "' is larger than 256 MiB");
      }
    }
  };
}

}  // namespace grange
