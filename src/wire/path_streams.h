#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>

#include "wire/wire_path_info.h"

namespace grange {

// Streams of several store objects. Archives pass through; none is held in memory.

/// Copies the archive of one object, which stands next in the source, to the sink.
using NarCopier = std::function<void(Sink&)>;

/// What AddMultipleToStore carries within its framed data: a count, then of each object what is
/// known of it, in the form of 1.16 in every version, and its archive. `take` is called for each
/// and must call the copier once. Reads to the last archive's end.
void read_multiple(Source& framed, const StoreDir& store, const WireLimits& limits,
                   const std::function<void(const PathInfo&, const NarCopier&)>& take);

/// Writes the same. Throws InvalidError at `finish` when there were fewer objects than specified,
/// at `add` when there are more.
class MultipleWriter {
 public:
  MultipleWriter(Sink& framed, const StoreDir& store, std::uint64_t count);
  /// `nar` has exactly one archive, which is checked.
  void add(const PathInfo& info, Source& nar);
  void finish() const;

 private:
  WireDialect dialect_;
  WireWriter out_;
  std::uint64_t left_;
};

/// What an export stream says behind an archive (nix-store.md §2.5).
struct ExportedPath {
  StorePath path;
  std::set<StorePath> references{};
  std::optional<StorePath> deriver{};
};

/// Reads an export stream to its end. `take` is called for each object *before* what is said of it
/// can be read: it gets a copier for the archive, which it must call once, and gives a function
/// that is then called with the rest.
void read_export(
    Source& in, const StoreDir& store, const WireLimits& limits,
    const std::function<std::function<void(const ExportedPath&)>(const NarCopier&)>& take);

/// One object of an export stream; `nar` has exactly its archive, which is checked.
void write_export(Sink& out, const StoreDir& store, const ExportedPath& object, Source& nar);
void write_export_end(Sink& out, const StoreDir& store);

}  // namespace grange
