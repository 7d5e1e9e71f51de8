#pragma once

#include <string>

#include "base/stream.h"

namespace grange {

/// Gathers small writes; hands them on when there are many, and at `flush`. What was not flushed
/// when it is destroyed is lost: a message is either sent whole or an error happened.
class BufferedSink final : public Sink {
 public:
  explicit BufferedSink(Sink& to) : to_(to) {}
  void write(std::string_view data) override;
  void flush();

 private:
  Sink& to_;
  std::string buffer_;
};

}  // namespace grange
