#pragma once

#include "derivation/path_info.h"
#include "wire/wire_values.h"

namespace grange {

/// What a store knows of a path, without the path, in the worker protocol. Below 1.16 there is no
/// word of `ultimate`, signatures and content address.
struct UnkeyedPathInfo {
  explicit UnkeyedPathInfo(Hash nar) : nar_hash(nar) {}
  explicit UnkeyedPathInfo(const PathInfo& info);
  PathInfo of(StorePath path) const;

  std::optional<StorePath> deriver;
  Hash nar_hash;  ///< SHA-256
  std::set<StorePath> references;
  std::int64_t registration_time = 0;
  std::uint64_t nar_size = 0;
  bool ultimate = false;
  std::vector<std::string> signatures;
  std::optional<ContentAddress> content_address;

  static UnkeyedPathInfo read(WireReader& in);
  void write(WireWriter& out) const;
};

/// The same behind its path.
template <>
struct WireCodec<PathInfo> {
  static PathInfo read(WireReader& in);
  static void write(WireWriter& out, const PathInfo& info);
};

/// What the serve protocol says of a path, behind the path. Knows neither registration time nor
/// `ultimate`; below 2.4 neither hash (read as zeros), nor address, nor signatures.
PathInfo read_serve_path_info(WireReader& in, StorePath path);
void write_serve_path_info(WireWriter& out, const PathInfo& info);

/// What a store can get from elsewhere.
struct SubstitutablePathInfo {
  std::optional<StorePath> deriver;
  std::set<StorePath> references;
  std::uint64_t download_size = 0;  ///< bytes; 0: not known
  std::uint64_t nar_size = 0;       ///< bytes; 0: not known

  static SubstitutablePathInfo read(WireReader& in);
  void write(WireWriter& out) const;
};

}  // namespace grange
