#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/stream.h"

namespace grange {

/// Bytes that are kept until it is known how many they are: a few in memory, more in a file without
/// a name below $TMPDIR, which nothing can leave behind.
class Spool final : public Sink {
 public:
  void write(std::string_view data) override;
  std::uint64_t size() const { return size_; }

  /// `length` bytes from `offset`. As often as one likes, also from several threads, when all has
  /// been written and while this lives.
  std::unique_ptr<Source> read(std::uint64_t offset, std::uint64_t length) const;

 private:
  std::uint64_t size_ = 0;
  std::string memory_;  ///< all of it, while there is no file
  FileDescriptor file_;
};

}  // namespace grange
