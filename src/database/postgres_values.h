#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

#include "base/encoding.h"

namespace grange {

/// PostgreSQL's own numbers of its types (pg_type.dat), as far as we know them.
namespace postgres_type {
inline constexpr Oid kUnknown = 0;  ///< the server finds out
inline constexpr Oid kBytea = 17;
inline constexpr Oid kInt8 = 20;
inline constexpr Oid kText = 25;
inline constexpr Oid kFloat8 = 701;
inline constexpr Oid kByteaArray = 1001;
inline constexpr Oid kTextArray = 1009;
inline constexpr Oid kInt8Array = 1016;
}  // namespace postgres_type

/// One parameter in the binary format of the wire.
struct PostgresParameter {
  Oid type = postgres_type::kUnknown;
  std::string data;
  bool null = true;

  static PostgresParameter of(std::int64_t value);
  static PostgresParameter of(double value);
  static PostgresParameter of(std::string_view text);
  static PostgresParameter of_blob(ByteView bytes);
  static PostgresParameter of_list(std::span<const std::int64_t> values);
  static PostgresParameter of_list(std::span<const std::string> values);
  static PostgresParameter of_list(std::span<const ByteView> values);
};

// One value of a result in the binary format. NULL has the type of its column and no bytes: it is 0
// and empty, as in SQLite. They throw CorruptError for a type that is no such value.

/// Of every type of number; a fraction is cut off.
std::int64_t postgres_integer(Oid type, std::string_view data);
double postgres_real(Oid type, std::string_view data);
/// Of the types that are text, and of bytea.
std::string_view postgres_text(Oid type, std::string_view data);

}  // namespace grange
