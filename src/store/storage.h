#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"

namespace grange {

/// Something that is being written. Nobody sees it before `commit`; without that it leaves nothing.
class StagedObject {
 public:
  virtual ~StagedObject() = default;
  virtual Sink& sink() = 0;
  /// Makes it visible under `key`, whole, in place of what was there.
  virtual void commit(const std::string& key, std::string_view media_type) = 0;
};

/// Objects by key, such as "nar/abc.nar.xz": a directory, an HTTP server, a bucket. Thread safe.
/// Keys are checked by whoever makes them from foreign text: see is_storage_key.
class Storage {
 public:
  virtual ~Storage() = default;
  /// How people name it.
  virtual std::string describe() const = 0;

  virtual bool has(const std::string& key) = 0;
  /// Which of many are there (not 0), as many at once as the place allows.
  virtual std::vector<char> has_many(const std::vector<std::string>& keys);
  /// A small object; nothing when there is none. Throws CorruptError beyond `limit` bytes.
  virtual std::optional<std::string> read(const std::string& key, std::uint64_t limit) = 0;
  /// Many small objects, in the order of `keys`, as many at once as the place allows.
  virtual std::vector<std::optional<std::string>> read_many(const std::vector<std::string>& keys,
                                                            std::uint64_t limit);
  /// An object as it streams. Throws NotFoundError.
  virtual std::unique_ptr<Source> open(const std::string& key) = 0;
  virtual std::unique_ptr<StagedObject> stage() = 0;
  /// A small object, written whole.
  virtual void write(const std::string& key, std::string_view content,
                     std::string_view media_type) = 0;
  /// The keys without '/' in them that end in `suffix`.
  virtual std::vector<std::string> list(std::string_view suffix) = 0;

  /// So many objects are worth having on their way at once; 0: one for each processor.
  virtual unsigned requests_at_once() const { return 0; }
  /// What somebody has remembered of this object (see lookup_cache.h) turned out to be wrong.
  virtual void forget(const std::string& key) { static_cast<void>(key); }
};

/// Is `text` a relative key without "." or ".." among its parts, of characters that need no
/// quoting anywhere? What a foreign narinfo calls its NAR must be.
bool is_storage_key(std::string_view text);

}  // namespace grange
