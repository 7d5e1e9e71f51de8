#include "wire/query_operations.h"

#include <algorithm>

#include "base/encoding.h"

namespace grange {

PathInfoReply PathInfoReply::read(WireReader& in) {
  if (in.at_least(17) && !in.get<bool>()) return {};
  return {UnkeyedPathInfo::read(in)};
}

void PathInfoReply::write(WireWriter& out) const {
  if (out.at_least(17)) {
    out.put(info.has_value());
  } else if (!info) {
    throw InvalidError("protocol " + out.dialect().version.to_string() +
                       " tells of a path that is not valid by an error");
  }
  if (info) out.put(*info);
}

QuerySubstitutablePathInfos QuerySubstitutablePathInfos::read(WireReader& in) {
  if (in.at_least(22)) return {in.get<std::map<StorePath, std::optional<ContentAddress>>>()};
  QuerySubstitutablePathInfos request;
  for (const auto& path : in.get<std::set<StorePath>>()) {
    request.paths.emplace(path, std::nullopt);
  }
  return request;
}

void QuerySubstitutablePathInfos::write(WireWriter& out) const {
  if (out.at_least(22)) {
    out.put(paths);
    return;
  }
  out.number(paths.size());
  for (const auto& [path, address] : paths) out.put(path);
}

QueryPathFromHashPart QueryPathFromHashPart::read(WireReader& in) {
  auto part = in.string(StorePath::kHashLength);
  if (part.size() != StorePath::kHashLength || !std::all_of(part.begin(), part.end(), is_nix32)) {
    throw CorruptError("the hash part of a path is not 32 digits of base 32");
  }
  return {std::move(part)};
}

QueryValidPaths QueryValidPaths::read(WireReader& in) {
  auto paths = in.get<std::set<StorePath>>();
  return {std::move(paths), in.at_least(27) && in.get<bool>()};
}

void QueryValidPaths::write(WireWriter& out) const {
  out.put(paths);
  if (out.at_least(27)) out.put(substitute);
}

MissingPaths MissingPaths::read(WireReader& in) {
  MissingPaths missing;
  missing.will_build = in.get<std::set<StorePath>>();
  missing.will_substitute = in.get<std::set<StorePath>>();
  missing.unknown = in.get<std::set<StorePath>>();
  missing.download_size = in.number();
  missing.nar_size = in.number();
  return missing;
}

void MissingPaths::write(WireWriter& out) const {
  out.put(will_build).put(will_substitute).put(unknown).number(download_size).number(nar_size);
}

}  // namespace grange
