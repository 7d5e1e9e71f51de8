#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "build/string_rewrites.h"

namespace grange {

/// Replaces digests in a stream by others of the same length, wherever the pieces are cut, so that
/// nothing after them moves. `finish` hands on the last bytes.
class DigestRewriter final : public Sink {
 public:
  /// All keys and values have 32 characters of base 32.
  DigestRewriter(StringRewrites rewrites, Sink& next);
  void write(std::string_view data) override;
  void finish();

 private:
  /// How many of the pending bytes are final: no window that begins later reaches them.
  std::size_t replace();

  StringRewrites rewrites_;
  Sink& next_;
  std::string pending_;
};

/// Rewrites digests in all of a file tree: contents, names and symlink targets. The result takes
/// its place. `spool` is a file that may be made meanwhile.
void rewrite_tree(const std::filesystem::path& tree, const StringRewrites& rewrites,
                  const std::filesystem::path& spool);

}  // namespace grange
