#include "build/digest_rewriter.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "derivation/store_path.h"

namespace grange {
namespace {

constexpr std::size_t kDigest = StorePath::kHashLength;

}  // namespace

DigestRewriter::DigestRewriter(StringRewrites rewrites, Sink& next)
    : rewrites_(std::move(rewrites)), next_(next) {
  for (const auto& [from, to] : rewrites_) {
    GRANGE_CHECK(from.size() == kDigest && to.size() == kDigest);
  }
}

void DigestRewriter::write(std::string_view data) {
  pending_ += data;
  const auto done = replace();
  next_.write(std::string_view(pending_).substr(0, done));
  pending_.erase(0, done);
}

void DigestRewriter::finish() {
  next_.write(pending_);
  pending_.clear();
}

std::size_t DigestRewriter::replace() {
  std::size_t start = 0;
  while (start + kDigest <= pending_.size()) {
    // Backwards, because a foreign character rules out every window that holds it.
    std::size_t length = kDigest;
    while (length > 0 && is_nix32(pending_[start + length - 1])) --length;
    if (length > 0) {
      start += length;
      continue;
    }
    const auto found = rewrites_.find(pending_.substr(start, kDigest));
    if (found == rewrites_.end()) {
      ++start;
    } else {
      pending_.replace(start, kDigest, found->second);
      start += kDigest;
    }
  }
  return start;
}

void rewrite_tree(const std::filesystem::path& tree, const StringRewrites& rewrites,
                  const std::filesystem::path& spool) {
  const auto file = open_file(spool, O_RDWR | O_CREAT | O_EXCL, 0600);
  FdSink sink(file.get());
  DigestRewriter rewriter(rewrites, sink);
  dump_nar(tree, rewriter);
  rewriter.finish();
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("rewinding", spool.string());
  remove_tree(tree);
  FdSource source(file.get());
  restore_nar(tree, source);
  ::unlink(spool.c_str());
}

}  // namespace grange
