#include <set>
#include <utility>
#include <vector>

#include "archive/tree_copy.h"
#include "base/error.h"
#include "store/local_store_implementation.h"
#include "store/reference_order.h"

namespace grange {
void LocalStoreImplementation::copy_closure_from(LocalStore& from, const std::set<StorePath>& paths,
                                                 std::stop_token stop) {
  if (from.store_dir() != store_dir()) {
    throw InvalidError("paths of '" + from.store_dir().str() +
                       "' cannot be copied to a store of '" + store_dir().str() + "'");
  }
  const std::set<StorePath> closure = from.closure(paths);
  roots().add(closure);
  const std::set<StorePath> valid = valid_among(closure);
  std::vector<PathInfo> missing;
  for (const StorePath& path : closure) {
    if (valid.contains(path)) continue;
    auto info = from.path_info(path);
    if (!info) {
      throw NotFoundError("path '" + store_dir().print(path) +
                          "' has vanished from the store at '" +
                          from.location().real_store.string() + "'");
    }
    missing.push_back(std::move(*info));
  }
  for (const PathInfo* info : references_first(store_dir(), missing)) {
    if (stop.stop_requested()) throw CancelledError("copying was cancelled");
    copy_object(from, *info, stop);
  }
}

void LocalStoreImplementation::copy_object(LocalStore& from, const PathInfo& info,
                                           const std::stop_token& stop) {
  with_context(
      [&] {
        return "while copying '" + store_dir().print(info.path) + "' from the store at '" +
               from.location().real_store.string() + "'";
      },
      [&] {
        StagedTree staged(writing().staging);
        const NarDigest digest = copy_tree(from.real_path(info.path), staged.path());
        if (digest.hash != info.nar_hash) {
          throw CorruptError("its content was changed there: specified " +
                             info.nar_hash.to_string(HashFormat::nix32) + ", got " +
                             digest.hash.to_string(HashFormat::nix32));
        }
        PathInfo copied = info;
        copied.nar_size = digest.size;
        copied.registration_time = 0;
        copied.ultimate = false;
        place(staged, copied, stop);
      });
}

}  // namespace grange
