#include "store/binary_cache.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "archive/nar.h"
#include "archive/nar_listing.h"
#include "archive/nar_parser.h"
#include "base/compression.h"
#include "base/error.h"
#include "base/text.h"
#include "base/thread_annotations.h"
#include "store/nar_check.h"

namespace grange {
namespace {

constexpr std::uint64_t kMaxRealisationSize = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxCacheInfoSize = std::uint64_t{64} << 10;
constexpr std::uint64_t kMaxLogSize = std::uint64_t{1} << 30;
/// So many narinfos are remembered; a walk over a closure asks for each at least twice.
constexpr std::size_t kRemembered = 100'000;

constexpr std::string_view kNarInfoType = "text/x-nix-narinfo";
constexpr std::string_view kNarType = "application/x-nix-nar";
constexpr std::string_view kJsonType = "application/json";

std::string narinfo_key(const StorePath& path) {
  return std::string(path.hash_part()) + ".narinfo";
}

std::string realisation_key(const DrvOutput& id) {
  return "realisations/" + id.to_string() + ".doi";
}

std::string build_trace_key(const BuildTraceKey& key) {
  return "build-trace-v2/" + key.derivation.base_name() + "/" + key.output + ".doi";
}

Compression base_compression(NarCompression compression) {
  switch (compression) {
    case NarCompression::none:
      return Compression::none;
    case NarCompression::bzip2:
      return Compression::bzip2;
    case NarCompression::xz:
      return Compression::xz;
    case NarCompression::zstd:
      return Compression::zstd;
    case NarCompression::brotli:
      return Compression::brotli;
  }
  return Compression::none;
}

/// A key, and behind it perhaps a query: some servers put one there, and who keeps files has none
/// of such a name.
bool is_nar_location(std::string_view url) {
  const auto question = url.find('?');
  if (question == url.npos) return is_storage_key(url);
  const auto query = url.substr(question + 1);
  return is_storage_key(url.substr(0, question)) &&
         std::all_of(query.begin(), query.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-._~=&%").find(c) != std::string_view::npos;
         });
}

/// Unpacks a NAR as it arrives. What its file hashes to need not be looked at: what counts is the
/// NAR's own hash, which whoever adds it to a store checks.
class PackedSource final : public Source {
 public:
  PackedSource(std::unique_ptr<Source> packed, NarCompression compression)
      : packed_(std::move(packed)),
        unpacked_(make_decompression_source(base_compression(compression), *packed_)) {}
  std::size_t read(char* buffer, std::size_t size) override {
    return unpacked_->read(buffer, size);
  }

 private:
  std::unique_ptr<Source> packed_;
  std::unique_ptr<Source> unpacked_;
};

class StoredBinaryCache final : public BinaryCache {
 public:
  StoredBinaryCache(std::unique_ptr<Storage> storage, const BinaryCacheOptions& options,
                    CacheInfo info, bool fresh)
      : storage_(std::move(storage)),
        options_(options),
        info_(std::move(info)),
        says_what_it_is_(!fresh) {}

  const StoreDir& store_dir() const override { return info_.store_dir; }
  std::string describe() const override { return storage_->describe(); }
  unsigned transfers_at_once() const override { return storage_->requests_at_once(); }
  const CacheInfo& info() const override { return info_; }

  std::set<StorePath> valid_among(const std::set<StorePath>& paths) override {
    std::set<StorePath> valid;
    std::vector<const StorePath*> asked;
    for (const auto& path : paths) {
      if (is_remembered(path)) {
        valid.insert(path);
      } else {
        asked.push_back(&path);
      }
    }
    std::vector<std::string> keys;
    for (const auto* path : asked) keys.push_back(narinfo_key(*path));
    const auto there = storage_->has_many(keys);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (there[i] != 0) valid.insert(*asked[i]);
    }
    return valid;
  }

  std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths) override {
    std::map<StorePath, PathInfo> infos;
    for (auto& [path, narinfo] : narinfos(paths)) infos.emplace(path, std::move(narinfo.info));
    return infos;
  }

  std::optional<NarInfo> narinfo(const StorePath& path) override {
    auto found = narinfos({path});
    if (found.empty()) return std::nullopt;
    return std::move(found.begin()->second);
  }

  std::unique_ptr<NarStream> open_nar(const StorePath& path) override {
    try {
      return open_packed(path);
    } catch (const NotFoundError&) {
      // What is remembered of it may be older than the cache is now.
      forget(path);
      return open_packed(path);
    }
  }

  void add(const PathInfo& info, NarStream& nar) override {
    with_context(
        [&] { return "while adding '" + store_dir().print(info.path) + "' to " + describe(); },
        [&] {
          check_references(info);
          say_what_it_is();
          add_nar(info, nar);
        });
  }

  std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>& ids) override {
    std::vector<std::string> keys;
    for (const auto& id : ids) keys.push_back(realisation_key(id));
    const auto texts = storage_->read_many(keys, kMaxRealisationSize);
    std::map<DrvOutput, Realisation> found;
    std::size_t i = 0;
    for (const auto& id : ids) {
      const auto& text = texts[i++];
      if (!text) continue;
      auto realisation = parse_realisation(id, *text);
      found.emplace_hint(found.end(), id, std::move(realisation));
    }
    return found;
  }

  std::map<BuildTraceKey, BuildTraceEntry> build_trace(
      const std::set<BuildTraceKey>& asked) override {
    std::vector<std::string> keys;
    for (const auto& key : asked) keys.push_back(build_trace_key(key));
    const auto texts = storage_->read_many(keys, kMaxRealisationSize);
    std::map<BuildTraceKey, BuildTraceEntry> found;
    std::size_t i = 0;
    for (const auto& key : asked) {
      const auto& text = texts[i++];
      if (!text) continue;
      try {
        found.emplace_hint(found.end(), key, BuildTraceEntry::parse(key, *text));
      } catch (const InvalidError& error) {
        throw CorruptError("'" + build_trace_key(key) + "' in " + describe() +
                           " is broken: " + error.what());
      }
    }
    return found;
  }

  std::vector<RealisationConflict> register_realisations(
      const std::vector<Realisation>& realisations) override {
    if (realisations.empty()) return {};
    std::set<DrvOutput> ids;
    std::set<StorePath> paths;
    for (const auto& realisation : realisations) {
      ids.insert(realisation.id);
      paths.insert(realisation.out_path);
    }
    const auto valid = valid_among(paths);
    auto known = this->realisations(ids);
    std::vector<RealisationConflict> conflicts;
    std::vector<Realisation> fresh;
    for (const auto& realisation : realisations) {
      if (!valid.contains(realisation.out_path)) {
        throw InvalidError("realisation '" + realisation.id.to_string() + "' is of '" +
                           store_dir().print(realisation.out_path) + "', which is not in " +
                           describe());
      }
      const auto [at, is_new] = known.emplace(realisation.id, realisation);
      if (is_new) {
        fresh.push_back(realisation);
      } else if (at->second.out_path != realisation.out_path) {
        conflicts.push_back({realisation.id, at->second.out_path, realisation.out_path});
      }
    }
    say_what_it_is();
    // One after the other: none is visible before those that it depends on.
    for (auto& realisation : fresh) {
      const auto fingerprint = realisation.fingerprint();
      for (const auto& key : options_.keys) realisation.signatures.insert(key.sign(fingerprint));
      storage_->write(realisation_key(realisation.id), realisation.to_json(), kJsonType);
    }
    return conflicts;
  }

  std::optional<std::string> read_log(const StorePath& derivation) override {
    return storage_->read("log/" + derivation.base_name(), kMaxLogSize);
  }

  void write_log(const StorePath& derivation, std::string_view log) override {
    say_what_it_is();
    storage_->write("log/" + derivation.base_name(), log, "text/plain; charset=utf-8");
  }

  std::vector<StorePath> all_paths() override {
    const auto keys = storage_->list(".narinfo");
    const auto texts = storage_->read_many(keys, kMaxNarInfoSize);
    std::vector<StorePath> paths;
    for (const auto& text : texts) {
      if (text) paths.push_back(parse_narinfo(store_dir(), *text).info.path);
    }
    return paths;
  }

  std::size_t add_signatures(const StorePath& path,
                             const std::vector<std::string>& signatures) override {
    auto found = narinfo(path);
    if (!found) {
      throw NotFoundError("path '" + store_dir().print(path) + "' is not in " + describe());
    }
    std::size_t added = 0;
    auto& present = found->info.signatures;
    for (const auto& signature : signatures) {
      if (std::find(present.begin(), present.end(), signature) != present.end()) continue;
      present.push_back(signature);
      ++added;
    }
    if (added > 0) write_narinfo(*found);
    return added;
  }

 private:
  std::unique_ptr<NarStream> open_packed(const StorePath& path) {
    const auto found = narinfo(path);
    if (!found) {
      throw NotFoundError("path '" + store_dir().print(path) + "' is not in " + describe());
    }
    if (!is_nar_location(found->url)) {
      throw CorruptError("the narinfo of '" + store_dir().print(path) +
                         "' names a NAR outside the cache: '" + printable(found->url) + "'");
    }
    return nar_from_source(
        std::make_unique<PackedSource>(storage_->open(found->url), found->compression));
  }

  /// Nothing of foreign text is believed to be what was asked for without a look.
  Realisation parse_realisation(const DrvOutput& id, const std::string& text) const {
    try {
      auto realisation = Realisation::parse(text);
      if (realisation.id == id) return realisation;
      throw InvalidError("it is of '" + realisation.id.to_string() + "'");
    } catch (const InvalidError& error) {
      throw CorruptError("the realisation of '" + id.to_string() + "' in " + describe() +
                         " is broken: " + error.what());
    }
  }

  std::map<StorePath, NarInfo> narinfos(const std::set<StorePath>& paths) {
    std::map<StorePath, NarInfo> infos;
    std::vector<const StorePath*> asked;
    std::vector<std::string> keys;
    for (const auto& path : paths) {
      if (auto known = remembered(path)) {
        infos.emplace_hint(infos.end(), path, std::move(*known));
      } else {
        asked.push_back(&path);
        keys.push_back(narinfo_key(path));
      }
    }
    const auto texts = storage_->read_many(keys, kMaxNarInfoSize);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (!texts[i]) continue;
      auto narinfo =
          with_context([&] { return "while reading '" + keys[i] + "' of " + describe(); },
                       [&] { return parse_narinfo(store_dir(), *texts[i]); });
      // Another path of the same digest is another path.
      if (narinfo.info.path != *asked[i]) continue;
      remember(narinfo);
      infos.emplace(*asked[i], std::move(narinfo));
    }
    return infos;
  }

  void check_references(const PathInfo& info) {
    auto others = info.references;
    others.erase(info.path);
    const auto valid = valid_among(others);
    for (const auto& reference : others) {
      if (valid.contains(reference)) continue;
      throw InvalidError("its reference '" + store_dir().print(reference) + "' is not there");
    }
  }

  void add_nar(const PathInfo& info, NarStream& nar) {
    const auto staged = storage_->stage();
    HashSink hash(HashAlgorithm::sha256);
    HashSink file(HashAlgorithm::sha256, &staged->sink());
    NarListing listing;
    // A NAR that is kept as it is has one hash, taken once.
    const bool packs = options_.compression != NarCompression::none;
    const auto packed = packs ? make_compression_sink(base_compression(options_.compression), file,
                                                      options_.level, options_.threads)
                              : nullptr;
    TeeSink out(hash, packs ? *packed : staged->sink());
    if (nar.is_well_formed() && !options_.listings) {
      nar.write_to(out);
    } else {
      nar.read_with([&](Source& source) {
        if (options_.listings) {
          TeeSource tee(source, out);
          parse_nar(tee, listing);
        } else {
          copy_nar(source, out);
        }
      });
    }
    const auto nar_hash = hash.finish();
    check_nar(store_dir(), info, nar_hash, hash.size());
    if (packs) packed->finish();
    NarInfo narinfo{info,
                    {},
                    options_.compression,
                    packs ? file.finish() : nar_hash,
                    packs ? file.size() : hash.size()};
    narinfo.url = "nar/" + narinfo.file_hash->digits(HashFormat::nix32) + ".nar" +
                  std::string(file_suffix(options_.compression));
    sign(narinfo.info);
    if (options_.listings) {
      storage_->write(std::string(info.path.hash_part()) + ".ls", listing.take(), kJsonType);
    }
    if (!storage_->has(narinfo.url)) staged->commit(narinfo.url, kNarType);
    write_narinfo(narinfo);
  }

  void sign(PathInfo& info) const {
    const auto fingerprint = path_fingerprint(store_dir(), info);
    for (const auto& key : options_.keys) {
      auto signature = key.sign(fingerprint);
      auto& present = info.signatures;
      if (std::find(present.begin(), present.end(), signature) == present.end()) {
        present.push_back(std::move(signature));
      }
    }
  }

  void write_narinfo(const NarInfo& narinfo) {
    storage_->write(narinfo_key(narinfo.info.path), print_narinfo(store_dir(), narinfo),
                    kNarInfoType);
    remember(narinfo);
  }

  /// Before anything else is written into a cache that is new.
  void say_what_it_is() {
    const MutexLock lock(mutex_);
    if (says_what_it_is_) return;
    storage_->write("nix-cache-info", info_.print(), "text/x-nix-cache-info");
    says_what_it_is_ = true;
  }

  void remember(const NarInfo& narinfo) {
    const MutexLock lock(mutex_);
    if (known_.size() >= kRemembered) known_.clear();
    known_.insert_or_assign(narinfo.info.path, narinfo);
  }
  std::optional<NarInfo> remembered(const StorePath& path) {
    const MutexLock lock(mutex_);
    const auto found = known_.find(path);
    return found == known_.end() ? std::nullopt : std::optional(found->second);
  }
  void forget(const StorePath& path) {
    storage_->forget(narinfo_key(path));
    const MutexLock lock(mutex_);
    known_.erase(path);
  }
  bool is_remembered(const StorePath& path) {
    const MutexLock lock(mutex_);
    return known_.contains(path);
  }

  std::unique_ptr<Storage> storage_;
  BinaryCacheOptions options_;
  CacheInfo info_;
  Mutex mutex_;
  bool says_what_it_is_ GUARDED_BY(mutex_);
  std::unordered_map<StorePath, NarInfo> known_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<BinaryCache> BinaryCache::open(std::unique_ptr<Storage> storage,
                                               const BinaryCacheOptions& options,
                                               const std::optional<StoreDir>& specified) {
  const auto shown = storage->describe();
  return with_context([&] { return "while opening the binary cache " + shown; },
                      [&]() -> std::unique_ptr<BinaryCache> {
                        const auto text = storage->read("nix-cache-info", kMaxCacheInfoSize);
                        if (!text && options.must_exist) {
                          throw NotFoundError("there is no nix-cache-info: it is none");
                        }
                        auto info = text ? CacheInfo::parse(*text) : options.fresh;
                        if (options.priority) info.priority = *options.priority;
                        if (!text && specified) info.store_dir = *specified;
                        if (specified && info.store_dir != *specified) {
                          throw InvalidError("it is for another store directory: specified '" +
                                             specified->str() + "', got '" + info.store_dir.str() +
                                             "'");
                        }
                        return std::make_unique<StoredBinaryCache>(std::move(storage), options,
                                                                   std::move(info), !text);
                      });
}

}  // namespace grange
