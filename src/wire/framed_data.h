#pragma once

#include <cstdint>
#include <string>

#include "base/stream.h"

namespace grange {

// Data of unknown length on a worker connection: pieces, each behind its length and without
// padding, and a length of 0 at the end (nix-store.md §8.2).

/// The content of framed data. Reads no byte beyond its end.
class FramedSource final : public Source {
 public:
  explicit FramedSource(Source& from) : from_(from) {}
  std::size_t read(char* buffer, std::size_t size) override;
  /// Passes over what is left, so that the connection can be used on, also after an error in what
  /// was read. Throws CorruptError when more than `limit` bytes are left.
  void finish(std::uint64_t limit);

 private:
  Source& from_;
  std::uint64_t left_ = 0;  ///< of the present piece
  bool ended_ = false;
};

/// Makes framed data of what is written. `finish` writes the end; without it the peer waits on.
class FramedSink final : public Sink {
 public:
  explicit FramedSink(Sink& to) : to_(to) {}
  void write(std::string_view data) override;
  void finish();

 private:
  void write_piece(std::string_view piece);

  Sink& to_;
  std::string buffer_;
};

}  // namespace grange
