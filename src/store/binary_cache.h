#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/narinfo.h"
#include "base/signature.h"
#include "store/storage.h"
#include "store/store.h"

namespace grange {

/// "nix-cache-info": what a binary cache says of itself.
struct CacheInfo {
  StoreDir store_dir = StoreDir::nix();
  std::int64_t priority = 50;  ///< smaller ones are asked first
  bool mass_queries = false;   ///< may be asked for very many paths

  /// Lines "KEY: VALUE"; unknown keys and lines without ':' are passed over. Throws CorruptError.
  static CacheInfo parse(std::string_view text);
  std::string print() const;
};

struct BinaryCacheOptions {
  NarCompression compression = NarCompression::xz;  ///< of what is added
  int level = 0;                                    ///< 0: the format's own default
  unsigned threads = 1;                             ///< for compressing one NAR
  bool listings = false;                            ///< write HASH.ls
  /// What is added is signed with each of these, realisations too.
  std::vector<SecretKey> keys{};
  /// For one that does not say what it is yet, and is written to.
  CacheInfo fresh{};
  /// In the place of what the cache says of itself.
  std::optional<std::int64_t> priority{};
  /// One that does not say what it is, is none: NotFoundError.
  bool must_exist = false;
};

/// A binary cache as Nix has it (nix-store.md §7.1) in any place that keeps objects by key. What is
/// added is visible in an order that no reader can trip over: a NAR before its narinfo, references
/// before what refers to them.
class BinaryCache : public Store {
 public:
  /// Reads what the cache says of itself. Throws InvalidError where it is for another store
  /// directory than `specified`.
  static std::unique_ptr<BinaryCache> open(std::unique_ptr<Storage> storage,
                                           const BinaryCacheOptions& options,
                                           const std::optional<StoreDir>& specified = std::nullopt);

  virtual const CacheInfo& info() const = 0;
  /// Every path that it has, by listing it.
  virtual std::vector<StorePath> all_paths() = 0;
  /// As its narinfo says; nothing where there is none.
  virtual std::optional<NarInfo> narinfo(const StorePath& path) = 0;
};

}  // namespace grange
