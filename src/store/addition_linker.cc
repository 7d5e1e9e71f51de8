#include "store/addition_linker.h"

#include "base/error.h"
#include "store/optimise.h"

namespace grange {

void AdditionLinker::share_files_of(const std::filesystem::path& object) {
  try {
    auto& with = linker();
    for_each_shareable_file(object, [&](const std::filesystem::path& file, const struct stat&) {
      with.share(file, link_name(file));
    });
  } catch (const Error&) {
    // It only takes more space than it might.
  } catch (const std::filesystem::filesystem_error&) {
  }
}

LinkFile& AdditionLinker::linker() {
  const MutexLock lock(mutex_);
  if (!linker_) linker_.emplace(location_);
  return *linker_;
}

}  // namespace grange
