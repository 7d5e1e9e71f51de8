#include "database/postgres_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace grange {
namespace {

// Further types that results have.
constexpr Oid kBool = 16, kName = 19, kInt2 = 21, kInt4 = 23, kOid = 26, kFloat4 = 700,
              kVarchar = 1043, kChar = 1042, kNumeric = 1700;

/// Big-endian, as all numbers of the protocol are.
template <typename Unsigned>
void append_number(std::string& data, Unsigned value) {
  for (int shift = (static_cast<int>(sizeof(Unsigned)) - 1) * 8; shift >= 0; shift -= 8) {
    data += static_cast<char>(static_cast<std::uint8_t>(value >> shift));
  }
}

template <typename Unsigned>
Unsigned read_number(std::string_view data) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = value << 8 | static_cast<std::uint8_t>(data[i]);
  }
  return static_cast<Unsigned>(value);
}

std::size_t size_of(Oid type) {
  switch (type) {
    case kBool:
      return 1;
    case kInt2:
      return 2;
    case kInt4:
    case kOid:
    case kFloat4:
      return 4;
    default:
      return 8;
  }
}

[[noreturn]] void refuse_type(Oid type, const char* what) {
  throw CorruptError("a column has the type " + std::to_string(type) + ", which is no " + what);
}

/// numeric: how many digits to the base 10,000, the power of the first one, the sign, and how many
/// decimals are shown.
double read_numeric(std::string_view data) {
  constexpr std::size_t kHeader = 8;
  constexpr std::uint16_t kNegative = 0x4000, kPositive = 0;
  if (data.size() < kHeader) throw CorruptError("a numeric value is too short");
  const auto digits = read_number<std::uint16_t>(data);
  const auto weight = static_cast<std::int16_t>(read_number<std::uint16_t>(data.substr(2)));
  const auto sign = read_number<std::uint16_t>(data.substr(4));
  if (sign != kNegative && sign != kPositive) return std::numeric_limits<double>::quiet_NaN();
  if (data.size() != kHeader + 2U * digits) throw CorruptError("a numeric value is too short");
  double value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    value += read_number<std::uint16_t>(data.substr(kHeader + 2 * i)) *
             std::pow(10000.0, weight - static_cast<int>(i));
  }
  return sign == kNegative ? -value : value;
}

/// Of whole numbers that an int64 holds exactly, which a double does not: sums, for example.
std::optional<std::int64_t> read_whole_numeric(std::string_view data) {
  constexpr std::size_t kHeader = 8;
  const double rough = read_numeric(data);
  if (!(std::abs(rough) < 9e18)) return std::nullopt;
  const auto digits = read_number<std::uint16_t>(data);
  const auto weight = static_cast<std::int16_t>(read_number<std::uint16_t>(data.substr(2)));
  std::int64_t value = 0;
  for (int i = 0; i <= weight; ++i) {
    const auto at = kHeader + 2 * static_cast<std::size_t>(i);
    value = value * 10000 + (i < digits ? read_number<std::uint16_t>(data.substr(at)) : 0);
  }
  return rough < 0 ? -value : value;
}

template <typename Items, typename Append>
PostgresParameter array_of(Oid type, Oid element, const Items& items, const Append& append) {
  PostgresParameter parameter{type, {}, false};
  auto& data = parameter.data;
  append_number(data, std::uint32_t{items.empty() ? 0U : 1U});  // dimensions
  append_number(data, std::uint32_t{0});                        // no NULL in it
  append_number(data, element);
  if (items.empty()) return parameter;
  append_number(data, static_cast<std::uint32_t>(items.size()));
  append_number(data, std::uint32_t{1});  // its first index
  for (const auto& item : items) append(data, item);
  return parameter;
}

void append_sized(std::string& data, std::string_view item) {
  append_number(data, static_cast<std::uint32_t>(item.size()));
  data += item;
}

}  // namespace

PostgresParameter PostgresParameter::of(std::int64_t value) {
  PostgresParameter parameter{postgres_type::kInt8, {}, false};
  append_number(parameter.data, static_cast<std::uint64_t>(value));
  return parameter;
}

PostgresParameter PostgresParameter::of(double value) {
  PostgresParameter parameter{postgres_type::kFloat8, {}, false};
  append_number(parameter.data, std::bit_cast<std::uint64_t>(value));
  return parameter;
}

PostgresParameter PostgresParameter::of(std::string_view text) {
  return {postgres_type::kText, std::string(text), false};
}

PostgresParameter PostgresParameter::of_blob(ByteView bytes) {
  return {postgres_type::kBytea, std::string(as_text(bytes)), false};
}

PostgresParameter PostgresParameter::of_list(std::span<const std::int64_t> values) {
  return array_of(postgres_type::kInt8Array, postgres_type::kInt8, values,
                  [](std::string& out, std::int64_t value) {
                    append_number(out, std::uint32_t{sizeof value});
                    append_number(out, static_cast<std::uint64_t>(value));
                  });
}

PostgresParameter PostgresParameter::of_list(std::span<const std::string> values) {
  return array_of(postgres_type::kTextArray, postgres_type::kText, values,
                  [](std::string& out, const std::string& value) { append_sized(out, value); });
}

PostgresParameter PostgresParameter::of_list(std::span<const ByteView> values) {
  return array_of(postgres_type::kByteaArray, postgres_type::kBytea, values,
                  [](std::string& out, ByteView value) { append_sized(out, as_text(value)); });
}

std::int64_t postgres_integer(Oid type, std::string_view data) {
  if (data.empty()) return 0;
  if (type == kNumeric) {
    if (const auto value = read_whole_numeric(data)) return *value;
    throw CorruptError("a numeric value is too large");
  }
  if (type == postgres_type::kFloat8 || type == kFloat4) {
    const auto value = postgres_real(type, data);
    if (std::abs(value) < 9e18) return static_cast<std::int64_t>(value);
    throw CorruptError("a number is too large for an integer");
  }
  if (data.size() != size_of(type)) refuse_type(type, "integer");
  switch (type) {
    case kBool:
      return data[0] != 0 ? 1 : 0;
    case kInt2:
      return static_cast<std::int16_t>(read_number<std::uint16_t>(data));
    case kInt4:
      return static_cast<std::int32_t>(read_number<std::uint32_t>(data));
    case kOid:
      return read_number<std::uint32_t>(data);
    case postgres_type::kInt8:
      return static_cast<std::int64_t>(read_number<std::uint64_t>(data));
    default:
      refuse_type(type, "integer");
  }
}

double postgres_real(Oid type, std::string_view data) {
  if (data.empty()) return 0;
  if (type == kNumeric) return read_numeric(data);
  if (type == postgres_type::kFloat8 && data.size() == size_of(type)) {
    return std::bit_cast<double>(read_number<std::uint64_t>(data));
  }
  if (type == kFloat4 && data.size() == size_of(type)) {
    return static_cast<double>(std::bit_cast<float>(read_number<std::uint32_t>(data)));
  }
  return static_cast<double>(postgres_integer(type, data));
}

std::string_view postgres_text(Oid type, std::string_view data) {
  constexpr std::array kTexts = {postgres_type::kText, postgres_type::kBytea, kName, kVarchar,
                                 kChar};
  if (!data.empty() && std::find(kTexts.begin(), kTexts.end(), type) == kTexts.end()) {
    refuse_type(type, "text");
  }
  return data;
}

}  // namespace grange
