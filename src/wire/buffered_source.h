#pragma once

#include <string>

#include "base/stream.h"

namespace grange {

/// Reads ahead, so that small values do not cost a call each.
class BufferedSource final : public Source {
 public:
  explicit BufferedSource(Source& from) : from_(from) {}
  std::size_t read(char* buffer, std::size_t size) override;
  /// Waits for a byte, which stays to be read; true when there will be none.
  bool at_end();

 private:
  Source& from_;
  std::string buffer_;
  std::size_t next_ = 0;
  std::size_t end_ = 0;
};

}  // namespace grange
