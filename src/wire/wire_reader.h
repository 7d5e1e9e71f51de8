#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "base/stream.h"
#include "wire/wire_dialect.h"

namespace grange {

class WireReader;
class WireWriter;

/// How a type travels: `static T read(WireReader&)` and `static void write(WireWriter&, const T&)`.
/// This general one is for types that bring `T::read(WireReader&)` and `write(WireWriter&)`
/// themselves; wire_values.h has those of plain values.
template <typename T>
struct WireCodec {
  static T read(WireReader& in) { return T::read(in); }
  static void write(WireWriter& out, const T& value) { value.write(out); }
};

/// Reads values of both protocols from a source, and not a byte more than they have. Everything
/// that is not as it must be is a CorruptError. The dialect must outlive the reader.
class WireReader {
 public:
  WireReader(Source& source, const WireDialect& dialect) : source_(source), dialect_(dialect) {}

  /// Any type that has a WireCodec.
  template <typename T>
  T get() {
    return WireCodec<T>::read(*this);
  }

  std::uint64_t number();
  /// A number that must fit into `T`; times are signed and travel as unsigned.
  template <typename T>
  T narrow(std::string_view what) {
    return static_cast<T>(bounded(static_cast<std::uint64_t>(std::numeric_limits<T>::max()), what));
  }
  /// A number up to `most`, which is allowed.
  std::uint64_t bounded(std::uint64_t most, std::string_view what);
  /// How many items follow.
  std::uint64_t count();
  /// A string within the dialect's limit.
  std::string string() { return string(dialect_.limits.string); }
  std::string string(std::uint64_t limit);

  /// Runs `parse`, whose InvalidError becomes a CorruptError: a peer's mistake, not the caller's.
  template <typename Parse>
  auto parsed(Parse&& parse) -> decltype(parse()) {
    try {
      return parse();
    } catch (const InvalidError& error) {
      throw CorruptError(error.what());
    }
  }

  /// From here on the limit of a message counts anew.
  void start_message() { taken_ = 0; }

  Source& source() { return source_; }
  const WireDialect& dialect() const { return dialect_; }
  bool at_least(unsigned minor) const { return dialect_.at_least(minor); }
  bool has(std::string_view feature) const { return dialect_.has(feature); }

 private:
  void take(std::uint64_t size);

  Source& source_;
  const WireDialect& dialect_;
  std::uint64_t taken_ = 0;
};

}  // namespace grange
