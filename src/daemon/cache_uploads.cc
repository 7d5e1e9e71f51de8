#include "daemon/cache_uploads.h"

#include "base/error.h"
#include "base/text.h"
#include "daemon/cache_nar_name.h"

namespace grange {

void put_nar(Storage& storage, const CacheName& name, Source& body) {
  const auto named = FileNarName::try_parse(name.key);
  if (!named) {
    throw InvalidError(
        "a NAR is put as nar/DIGEST.nar with the suffix of its compression, DIGEST "
        "being the SHA-256 of the file in base 32");
  }
  const auto staged = storage.stage();
  HashSink hash(HashAlgorithm::sha256, &staged->sink());
  drain(body, hash);
  const auto got = hash.finish();
  if (got != named->file_hash) {
    throw InvalidError("the NAR is not what its name says: its SHA-256 is " +
                       got.digits(HashFormat::nix32));
  }
  staged->commit(name.key, media_type(name.kind));
}

NarInfo check_narinfo(const StoreDir& store, const CacheName& name, std::string_view text) {
  try {
    auto narinfo = parse_narinfo(store, text);
    if (narinfo.info.path.hash_part() != name.hash_part) {
      throw InvalidError("the narinfo is of '" + store.print(narinfo.info.path) +
                         "', which belongs elsewhere");
    }
    return narinfo;
  } catch (const CorruptError& error) {
    throw InvalidError(error.what());
  }
}

void check_narinfo_file(const NarInfo& narinfo, std::optional<std::uint64_t> file_size) {
  const auto named = FileNarName::try_parse(narinfo.url);
  if (!named) {
    throw InvalidError("the narinfo names '" + printable(narinfo.url) +
                       "', which is no nar/DIGEST.nar of this cache");
  }
  if (narinfo.file_hash && *narinfo.file_hash != named->file_hash) {
    throw InvalidError("the narinfo states a FileHash that is not that of '" + narinfo.url + "'");
  }
  if (!file_size)
    throw ConflictError("the NAR '" + narinfo.url + "' has to be put before its narinfo");
  if (narinfo.file_size && *narinfo.file_size != *file_size) {
    throw InvalidError("the narinfo states a FileSize of " + std::to_string(*narinfo.file_size) +
                       ", and '" + narinfo.url + "' has " + std::to_string(*file_size));
  }
}

Realisation check_realisation(const CacheName& name, std::string_view text) {
  auto realisation = Realisation::parse(text);
  if (realisation.id != *name.output) {
    throw InvalidError("the realisation is of '" + realisation.id.to_string() +
                       "', which belongs elsewhere");
  }
  return realisation;
}

void put_object(Storage& storage, const CacheName& name, Source& body) {
  const auto staged = storage.stage();
  drain(body, staged->sink());
  staged->commit(name.key, media_type(name.kind));
}

}  // namespace grange
