#include "wire/wire_reader.h"

#include <gtest/gtest.h>

#include "wire/wire_samples.h"

namespace grange {
namespace {

/// Reads a T from these bytes.
template <typename T>
T read_bytes(std::string_view bytes, const WireLimits& limits = {}) {
  const WireDialect dialect{StoreDir::nix(), {1, 34}, {}, limits};
  StringSource source(bytes);
  WireReader in(source, dialect);
  return in.get<T>();
}

TEST(WireReader, ClaimsCostNothing) {
  const auto dialect = sample_dialect({1, 34});
  const auto huge = encode(dialect, std::uint64_t{1} << 60);
  EXPECT_THROW(read_bytes<std::vector<std::string>>(huge), CorruptError);
  EXPECT_THROW(read_bytes<std::set<StorePath>>(huge), CorruptError);
  EXPECT_THROW(read_bytes<std::string>(huge), CorruptError);
  // Within the limits, but not there.
  const auto large = encode(dialect, std::uint64_t{200} << 20);
  EXPECT_THROW(read_bytes<std::string>(large), CorruptError);
  const auto many = encode(dialect, std::uint64_t{1} << 24);
  EXPECT_THROW(read_bytes<std::vector<std::string>>(many), CorruptError);
}

TEST(WireReader, AMessageIsBoundedAsAWhole) {
  WireLimits limits;
  limits.message = 64;
  const auto dialect = sample_dialect({1, 34});
  const auto items = encode(dialect, std::vector<std::string>{"12345678", "12345678", "12345678"});
  EXPECT_EQ(read_bytes<std::vector<std::string>>(items, limits).size(), 3U);
  limits.message = 55;
  EXPECT_THROW(read_bytes<std::vector<std::string>>(items, limits), CorruptError);
}

TEST(WireReader, PaddingMustBeZero) {
  auto bytes = encode(sample_dialect({1, 34}), std::string("abc"));
  EXPECT_EQ(read_bytes<std::string>(bytes), "abc");
  for (std::size_t i = 11; i < 16; ++i) {
    auto bad = bytes;
    bad[i] = 1;
    EXPECT_THROW(read_bytes<std::string>(bad), CorruptError);
  }
}

TEST(WireReader, NumbersMustFit) {
  const auto dialect = sample_dialect({1, 34});
  const auto bytes = encode(dialect, std::uint64_t{256});
  StringSource source(bytes);
  WireReader in(source, dialect);
  try {
    in.narrow<std::uint8_t>("a digit");
    FAIL();
  } catch (const CorruptError& error) {
    EXPECT_EQ(error.message(), "a digit is 256, which is too large; the most is 255");
  }
  EXPECT_THROW(read_bytes<std::int64_t>(std::string(8, '\xff')), CorruptError);
}

TEST(WireReader, WhatDoesNotParseIsCorrupt) {
  const auto dialect = sample_dialect({1, 34});
  for (const std::string text : {"", "x", "/nix/store/x", "/gnu/store/x"}) {
    EXPECT_THROW(read_bytes<StorePath>(encode(dialect, text)), CorruptError);
  }
  EXPECT_THROW(read_bytes<ContentAddress>(encode(dialect, std::string("fixed:x"))), CorruptError);
  EXPECT_THROW(read_bytes<DrvOutput>(encode(dialect, std::string("x!y"))), CorruptError);
  EXPECT_THROW(read_bytes<Realisation>(encode(dialect, std::string("{}"))), CorruptError);
}

}  // namespace
}  // namespace grange
