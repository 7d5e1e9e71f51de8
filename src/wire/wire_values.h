#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "derivation/content_address.h"
#include "derivation/derived_path.h"
#include "derivation/store_path.h"
#include "wire/wire_reader.h"
#include "wire/wire_writer.h"

namespace grange {

// How plain values travel (nix-store.md §8): numbers, texts, paths, and lists, sets and maps of
// whatever else travels. A set is written in order and read in any; an item that comes twice is
// one.

template <>
struct WireCodec<std::uint64_t> {
  static std::uint64_t read(WireReader& in) { return in.number(); }
  static void write(WireWriter& out, std::uint64_t value) { out.number(value); }
};

template <>
struct WireCodec<bool> {
  static bool read(WireReader& in) { return in.number() != 0; }
  static void write(WireWriter& out, bool value) { out.number(value ? 1 : 0); }
};

/// Points in time, as seconds.
template <>
struct WireCodec<std::int64_t> {
  static std::int64_t read(WireReader& in) { return in.narrow<std::int64_t>("a time"); }
  static void write(WireWriter& out, std::int64_t value);
};

template <>
struct WireCodec<std::string> {
  static std::string read(WireReader& in) { return in.string(); }
  static void write(WireWriter& out, const std::string& value) { out.string(value); }
};

template <>
struct WireCodec<StorePath> {
  static StorePath read(WireReader& in);
  static void write(WireWriter& out, const StorePath& value);
};

template <>
struct WireCodec<ContentAddress> {
  static ContentAddress read(WireReader& in);
  static void write(WireWriter& out, const ContentAddress& value);
};

/// By version: see DerivedPath::parse and parse_old. The serve protocol has the old form only.
template <>
struct WireCodec<DerivedPath> {
  static DerivedPath read(WireReader& in);
  static void write(WireWriter& out, const DerivedPath& value);
};

/// Absent is the empty text.
template <>
struct WireCodec<std::optional<StorePath>> {
  static std::optional<StorePath> read(WireReader& in);
  static void write(WireWriter& out, const std::optional<StorePath>& value);
};

template <>
struct WireCodec<std::optional<ContentAddress>> {
  static std::optional<ContentAddress> read(WireReader& in);
  static void write(WireWriter& out, const std::optional<ContentAddress>& value);
};

template <typename T>
struct WireCodec<std::vector<T>> {
  static std::vector<T> read(WireReader& in) {
    std::vector<T> items;
    for (auto left = in.count(); left > 0; --left) items.push_back(in.get<T>());
    return items;
  }
  static void write(WireWriter& out, const std::vector<T>& items) {
    out.number(items.size());
    for (const auto& item : items) out.put(item);
  }
};

template <typename T, typename Less>
struct WireCodec<std::set<T, Less>> {
  static std::set<T, Less> read(WireReader& in) {
    std::set<T, Less> items;
    for (auto left = in.count(); left > 0; --left) items.insert(in.get<T>());
    return items;
  }
  static void write(WireWriter& out, const std::set<T, Less>& items) {
    out.number(items.size());
    for (const auto& item : items) out.put(item);
  }
};

template <typename Key, typename T, typename Less>
struct WireCodec<std::map<Key, T, Less>> {
  static std::map<Key, T, Less> read(WireReader& in) {
    std::map<Key, T, Less> items;
    for (auto left = in.count(); left > 0; --left) {
      auto key = in.get<Key>();
      if (!items.try_emplace(std::move(key), in.get<T>()).second) {
        throw CorruptError("a key of a map comes twice");
      }
    }
    return items;
  }
  static void write(WireWriter& out, const std::map<Key, T, Less>& items) {
    out.number(items.size());
    for (const auto& [key, value] : items) out.put(key).put(value);
  }
};

template <typename First, typename Second>
struct WireCodec<std::pair<First, Second>> {
  static std::pair<First, Second> read(WireReader& in) {
    auto first = in.get<First>();
    return {std::move(first), in.get<Second>()};
  }
  static void write(WireWriter& out, const std::pair<First, Second>& pair) {
    out.put(pair.first).put(pair.second);
  }
};

/// 0, or 1 and the value: how newer fields are absent.
template <typename T>
std::optional<T> read_tagged(WireReader& in) {
  if (in.bounded(1, "the mark of an optional value") == 0) return std::nullopt;
  return in.get<T>();
}
template <typename T>
void write_tagged(WireWriter& out, const std::optional<T>& value) {
  out.put(value.has_value());
  if (value) out.put(*value);
}

/// A base 16 digest without its algorithm, which is SHA-256.
Hash read_nar_hash(WireReader& in);
void write_nar_hash(WireWriter& out, const Hash& hash);

/// The name of an output.
std::string read_output_name(WireReader& in);

}  // namespace grange
