#pragma once

#include <cstdint>
#include <string_view>

#include "base/stream.h"
#include "wire/wire_reader.h"

namespace grange {

/// Writes values of both protocols, as WireReader reads them. Does not buffer: see BufferedSink.
/// Throws InvalidError for what the dialect has no words for.
class WireWriter {
 public:
  WireWriter(Sink& sink, const WireDialect& dialect) : sink_(sink), dialect_(dialect) {}

  /// Any type that has a WireCodec.
  template <typename T>
  WireWriter& put(const T& value) {
    WireCodec<T>::write(*this, value);
    return *this;
  }

  WireWriter& number(std::uint64_t value);
  WireWriter& string(std::string_view text);

  Sink& sink() { return sink_; }
  const WireDialect& dialect() const { return dialect_; }
  bool at_least(unsigned minor) const { return dialect_.at_least(minor); }
  bool has(std::string_view feature) const { return dialect_.has(feature); }

 private:
  Sink& sink_;
  const WireDialect& dialect_;
};

}  // namespace grange
