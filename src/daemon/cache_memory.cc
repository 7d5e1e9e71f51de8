#include "daemon/cache_memory.h"

#include <utility>

namespace grange {
namespace {

/// What an entry costs beside its texts.
constexpr std::size_t kEntryBytes = 200;

}  // namespace

std::shared_ptr<const RememberedText> CacheMemory::find(std::string_view key,
                                                        std::uint64_t version) {
  const MutexLock lock(mutex_);
  if (const auto at = young_.entries.find(key); at != young_.entries.end()) {
    return at->second.version == version ? at->second.text : nullptr;
  }
  const auto at = old_.entries.find(key);
  if (at == old_.entries.end() || at->second.version != version) return nullptr;
  const Entry entry = at->second;
  insert(key, entry);
  return entry.text;
}

std::optional<std::uint64_t> CacheMemory::version_of(std::string_view key) {
  const MutexLock lock(mutex_);
  for (const Generation* generation : {&young_, &old_}) {
    const auto at = generation->entries.find(key);
    if (at != generation->entries.end()) return at->second.version;
  }
  return std::nullopt;
}

void CacheMemory::put(std::string_view key, std::uint64_t version,
                      std::shared_ptr<const RememberedText> text) {
  const MutexLock lock(mutex_);
  insert(key, {version, std::move(text)});
}

void CacheMemory::insert(std::string_view key, Entry entry) {
  const auto bytes_of = [&](const Entry& one) {
    return kEntryBytes + key.size() + one.text->tag.size() +
           (one.text->text ? one.text->text->size() : 0);
  };
  const std::size_t bytes = bytes_of(entry);
  if (bytes > half_) return;
  if (const auto at = young_.entries.find(key); at != young_.entries.end()) {
    young_.bytes -= bytes_of(at->second);
    young_.entries.erase(at);
  }
  if (young_.bytes + bytes > half_) old_ = std::exchange(young_, Generation());
  young_.entries.emplace(key, std::move(entry));
  young_.bytes += bytes;
}

std::size_t CacheMemory::size() const {
  const MutexLock lock(mutex_);
  return young_.bytes + old_.bytes;
}

}  // namespace grange
