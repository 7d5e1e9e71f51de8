#include "daemon/cache_nar_writer.h"

#include <utility>

#include "archive/chunk_output.h"
#include "archive/nar.h"
#include "archive/nar_listing.h"
#include "archive/tree_dumper.h"
#include "base/compression.h"
#include "base/error.h"

namespace grange {
namespace {

/// Of zstd; 1 packs as fast as most networks take it.
constexpr int kPackLevel = 1;

/// Passes on what was read of a path while it was valid.
class ValidPathSink final : public Sink {
 public:
  ValidPathSink(LocalStore& store, const PathInfo& info, Sink& next)
      : store_(store), info_(info), next_(next) {}

  void write(std::string_view data) override {
    check_valid();
    size_ += data.size();
    if (size_ > info_.nar_size) refuse_size();
    next_.write(data);
  }

  /// Once all was written.
  void finish() {
    check_valid();
    if (size_ != info_.nar_size) refuse_size();
  }

 private:
  void check_valid() {
    const auto now = store_.changes();
    if (seen_ == now) return;
    const auto present = store_.path_info(info_.path);
    if (!present || present->nar_hash != info_.nar_hash ||
        present->registration_time != info_.registration_time) {
      throw NotFoundError("path '" + store_.store_dir().print(info_.path) +
                          "' was collected while it was read");
    }
    seen_ = now;
  }
  [[noreturn]] void refuse_size() const {
    throw CorruptError("path '" + store_.store_dir().print(info_.path) +
                       "' has not the size that is registered");
  }

  LocalStore& store_;
  const PathInfo& info_;
  Sink& next_;
  std::optional<std::uint64_t> seen_;  ///< changes of the store when it was known to be valid
  std::uint64_t size_ = 0;
};

void write_nar(LocalStore& store, const PathInfo& info, Sink& sink) {
  ValidPathSink valid(store, info, sink);
  dump_nar(store.real_path(info.path), valid);
  valid.finish();
}

}  // namespace

StreamBody nar_body(LocalStore& store, const PathInfo& info, NarCompression compression) {
  StreamBody body;
  if (compression == NarCompression::none) {
    body.length = info.nar_size;
    body.has_ranges = true;
    body.write = [&store, info](Sink& sink) { write_nar(store, info, sink); };
  } else {
    body.write = [&store, info](Sink& sink) {
      const auto packed = make_compression_sink(Compression::zstd, sink, kPackLevel);
      write_nar(store, info, *packed);
      packed->finish();
    };
  }
  return body;
}

std::string nar_listing_of(LocalStore& store, const PathInfo& info) {
  NullSink nowhere;
  ValidPathSink valid(store, info, nowhere);
  NarListing listing;
  ChunkOutput output(nullptr, valid, false);
  TreeDumper(output, &listing).dump(store.real_path(info.path));
  output.finish();
  valid.finish();
  return listing.take();
}

}  // namespace grange
