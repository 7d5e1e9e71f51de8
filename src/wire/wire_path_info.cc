#include "wire/wire_path_info.h"

namespace grange {

UnkeyedPathInfo::UnkeyedPathInfo(const PathInfo& info)
    : deriver(info.deriver),
      nar_hash(info.nar_hash),
      references(info.references),
      registration_time(info.registration_time),
      nar_size(info.nar_size),
      ultimate(info.ultimate),
      signatures(info.signatures),
      content_address(info.content_address) {}

PathInfo UnkeyedPathInfo::of(StorePath path) const {
  PathInfo info(std::move(path), nar_hash);
  info.nar_size = nar_size;
  info.references = references;
  info.deriver = deriver;
  info.registration_time = registration_time;
  info.ultimate = ultimate;
  info.signatures = signatures;
  info.content_address = content_address;
  return info;
}

UnkeyedPathInfo UnkeyedPathInfo::read(WireReader& in) {
  auto deriver = in.get<std::optional<StorePath>>();
  UnkeyedPathInfo info(read_nar_hash(in));
  info.deriver = std::move(deriver);
  info.references = in.get<std::set<StorePath>>();
  info.registration_time = in.get<std::int64_t>();
  info.nar_size = in.number();
  if (in.at_least(16)) {
    info.ultimate = in.get<bool>();
    info.signatures = in.get<std::vector<std::string>>();
    info.content_address = in.get<std::optional<ContentAddress>>();
  }
  return info;
}

void UnkeyedPathInfo::write(WireWriter& out) const {
  out.put(deriver);
  write_nar_hash(out, nar_hash);
  out.put(references).put(registration_time).number(nar_size);
  if (out.at_least(16)) out.put(ultimate).put(signatures).put(content_address);
}

PathInfo WireCodec<PathInfo>::read(WireReader& in) {
  auto path = in.get<StorePath>();
  return UnkeyedPathInfo::read(in).of(std::move(path));
}

void WireCodec<PathInfo>::write(WireWriter& out, const PathInfo& info) {
  out.put(info.path).put(UnkeyedPathInfo(info));
}

PathInfo read_serve_path_info(WireReader& in, StorePath path) {
  PathInfo info(std::move(path), Hash(HashAlgorithm::sha256));
  info.deriver = in.get<std::optional<StorePath>>();
  info.references = in.get<std::set<StorePath>>();
  in.number();  // what a download would take: nobody knows
  info.nar_size = in.number();
  if (in.at_least(4)) {
    if (const auto hash = in.string(); !hash.empty()) {
      info.nar_hash = in.parsed([&] { return Hash::parse(hash, HashAlgorithm::sha256); });
    }
    info.content_address = in.get<std::optional<ContentAddress>>();
    info.signatures = in.get<std::vector<std::string>>();
  }
  return info;
}

void write_serve_path_info(WireWriter& out, const PathInfo& info) {
  out.put(info.deriver).put(info.references).number(info.nar_size).number(info.nar_size);
  if (!out.at_least(4)) return;
  out.string(info.nar_hash.to_string(HashFormat::nix32));
  out.put(info.content_address).put(info.signatures);
}

SubstitutablePathInfo SubstitutablePathInfo::read(WireReader& in) {
  SubstitutablePathInfo info;
  info.deriver = in.get<std::optional<StorePath>>();
  info.references = in.get<std::set<StorePath>>();
  info.download_size = in.number();
  info.nar_size = in.number();
  return info;
}

void SubstitutablePathInfo::write(WireWriter& out) const {
  out.put(deriver).put(references).number(download_size).number(nar_size);
}

}  // namespace grange
