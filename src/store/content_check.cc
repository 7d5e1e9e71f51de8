#include "store/content_check.h"

#include <functional>

#include <fcntl.h>
#include <sys/stat.h>

#include "archive/nar.h"
#include "archive/self_reference.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"

namespace grange {
namespace {

Hash hash_stream(HashAlgorithm algorithm, std::string_view hash_part,
                 const std::function<void(Sink&)>& write) {
  if (!hash_part.empty()) {
    SelfReferenceHasher hasher(algorithm, hash_part);
    write(hasher);
    return hasher.finish();
  }
  HashSink hash(algorithm);
  write(hash);
  return hash.finish();
}

void write_flat(const std::filesystem::path& path, Sink& sink) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw InvalidError("'" + path.string() +
                       "' is no regular file, which is what flat hashing needs");
  }
  const FileDescriptor file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  FdSource source(file.get());
  drain(source, sink);
}

}  // namespace

Hash hash_content(const std::filesystem::path& path, ContentMethodAlgorithm method,
                  std::string_view hash_part) {
  switch (method.method) {
    case ContentMethod::flat:
    case ContentMethod::text:
      return hash_stream(method.algorithm, hash_part, [&](Sink& sink) { write_flat(path, sink); });
    case ContentMethod::recursive:
      if (hash_part.empty() && method.algorithm == HashAlgorithm::sha256) {
        return hash_nar(path).hash;
      }
      return hash_stream(method.algorithm, hash_part, [&](Sink& sink) { dump_nar(path, sink); });
    case ContentMethod::git:
      break;
  }
  throw InvalidError("'" + path.string() + "': git hashing is not supported");
}

}  // namespace grange
