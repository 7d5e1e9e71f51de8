#include "daemon/import_objects.h"

#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "wire/path_streams.h"

namespace grange {

void import_objects(Source& stream, const LocalStore& store, const WireLimits& limits,
                    const std::function<void(const PathInfo& info, Source& nar)>& add) {
  read_export(stream, store.store_dir(), limits, [&](const NarCopier& copy) {
    auto file = std::make_shared<FileDescriptor>(
        open_file(store.location().state, O_TMPFILE | O_RDWR, 0600));
    FdSink to_file(file->get());
    HashSink hash(HashAlgorithm::sha256, &to_file);
    copy(hash);
    const auto size = hash.size();
    return [&add, file, digest = hash.finish(), size](const ExportedPath& exported) {
      PathInfo info(exported.path, digest);
      info.nar_size = size;
      info.references = exported.references;
      info.deriver = exported.deriver;
      if (::lseek(file->get(), 0, SEEK_SET) < 0) throw_errno("reading an imported object again");
      FdSource nar(file->get());
      add(info, nar);
    };
  });
}

}  // namespace grange
