#include "wire/adding_operations.h"

namespace grange {
namespace {

constexpr std::string_view kFixedPrefix = "fixed:";

/// "text:sha256", "fixed:sha256", "fixed:r:sha256", "fixed:git:sha1".
std::string print_wire_method(const ContentMethodAlgorithm& method) {
  const auto text = method.to_string();
  return method.method == ContentMethod::text ? text : std::string(kFixedPrefix) + text;
}

ContentMethodAlgorithm read_wire_method(WireReader& in) {
  const auto text = in.string();
  return in.parsed([&] {
    const bool fixed = text.starts_with(kFixedPrefix);
    const auto method = ContentMethodAlgorithm::parse(
        std::string_view(text).substr(fixed ? kFixedPrefix.size() : 0));
    if (fixed == (method.method == ContentMethod::text)) {
      throw InvalidError("'" + text + "' is no way to address content");
    }
    return method;
  });
}

std::string read_object_name(WireReader& in) {
  auto name = in.string();
  in.parsed([&] { check_store_path_name(name); });
  return name;
}

AddToStore read_old(WireReader& in, std::string name) {
  const bool stated = in.get<bool>();
  const bool recursive = in.bounded(1, "the way to address content") == 1;
  const auto algorithm = parse_hash_algorithm(in.string());
  // The first clients sent archives of SHA-256 only, and nothing of use in these fields.
  if (!stated) return {std::move(name), {ContentMethod::recursive, HashAlgorithm::sha256}};
  if (!algorithm) throw CorruptError("an unknown hash algorithm");
  return {std::move(name),
          {recursive ? ContentMethod::recursive : ContentMethod::flat, *algorithm}};
}

void write_old(WireWriter& out, const AddToStore& request) {
  const auto& [method, algorithm] = request.method;
  const bool recursive = method == ContentMethod::recursive;
  if ((!recursive && method != ContentMethod::flat) || !request.references.empty() ||
      request.repair) {
    throw InvalidError("protocol " + out.dialect().version.to_string() + " cannot add '" +
                       request.name + "' so: it knows neither method " +
                       std::string(to_string(method)) + ", nor references, nor repair");
  }
  out.string(request.name).put(!(recursive && algorithm == HashAlgorithm::sha256));
  out.put(recursive).string(to_string(algorithm));
}

}  // namespace

AddToStore::Reply AddToStore::Reply::read(WireReader& in) {
  auto path = in.get<StorePath>();
  if (!in.at_least(25)) return {std::move(path), std::nullopt};
  return {std::move(path), UnkeyedPathInfo::read(in)};
}

void AddToStore::Reply::write(WireWriter& out) const {
  out.put(path);
  if (!out.at_least(25)) return;
  if (!info) throw InvalidError("what was added is not told");
  out.put(*info);
}

AddToStore AddToStore::read(WireReader& in) {
  auto name = read_object_name(in);
  if (!in.at_least(25)) return read_old(in, std::move(name));
  const auto method = read_wire_method(in);
  auto references = in.get<std::set<StorePath>>();
  return {std::move(name), method, std::move(references), in.get<bool>()};
}

void AddToStore::write(WireWriter& out) const {
  if (!out.at_least(25)) return write_old(out, *this);
  out.string(name).string(print_wire_method(method)).put(references).put(repair);
}

AddTextToStore AddTextToStore::read(WireReader& in) {
  AddTextToStore request;
  request.name = read_object_name(in);
  request.text = in.string();
  request.references = in.get<std::set<StorePath>>();
  return request;
}

void AddTextToStore::write(WireWriter& out) const {
  out.string(name).string(text).put(references);
}

AddToStoreNar AddToStoreNar::read(WireReader& in) {
  AddToStoreNar request{in.get<PathInfo>()};
  request.repair = in.get<bool>();
  request.skip_signatures = in.get<bool>();
  return request;
}

void AddToStoreNar::write(WireWriter& out) const {
  out.put(info).put(repair).put(skip_signatures);
}

AddMultipleToStore AddMultipleToStore::read(WireReader& in) {
  AddMultipleToStore request;
  request.repair = in.get<bool>();
  request.skip_signatures = in.get<bool>();
  return request;
}

AddBuildLog AddBuildLog::read(WireReader& in) {
  const auto name = in.string();
  return {in.parsed([&] { return StorePath::parse(name); })};
}

AddSignatures AddSignatures::read(WireReader& in) {
  auto path = in.get<StorePath>();
  return {std::move(path), in.get<std::vector<std::string>>()};
}

AddToStoreScanning AddToStoreScanning::read(WireReader& in) {
  auto name = read_object_name(in);
  return {std::move(name), read_wire_method(in)};
}

std::string AddToStoreScanning::method_text() const {
  return print_wire_method(method);
}

ExportPath ExportPath::read(WireReader& in) {
  auto path = in.get<StorePath>();
  in.number();  // whether to sign: obsolete
  return {std::move(path)};
}

}  // namespace grange
