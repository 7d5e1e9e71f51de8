#include "wire/wire_values.h"

namespace grange {
namespace {

/// Paths, addresses and names are short; a longer text is none.
constexpr std::uint64_t kMaxShortText = 8192;

bool has_old_derived_paths(const WireDialect& dialect) {
  return dialect.version < ProtocolVersion{1, 30} || dialect.version.major == 2;
}

}  // namespace

void WireCodec<std::int64_t>::write(WireWriter& out, std::int64_t value) {
  if (value < 0) throw InvalidError("time " + std::to_string(value) + " lies before 1970");
  out.number(static_cast<std::uint64_t>(value));
}

StorePath WireCodec<StorePath>::read(WireReader& in) {
  const auto text = in.string(kMaxShortText);
  return in.parsed([&] { return in.dialect().store.parse_path(text); });
}

void WireCodec<StorePath>::write(WireWriter& out, const StorePath& value) {
  out.string(out.dialect().store.print(value));
}

ContentAddress WireCodec<ContentAddress>::read(WireReader& in) {
  const auto text = in.string(kMaxShortText);
  return in.parsed([&] { return ContentAddress::parse(text); });
}

void WireCodec<ContentAddress>::write(WireWriter& out, const ContentAddress& value) {
  out.string(value.to_string());
}

DerivedPath WireCodec<DerivedPath>::read(WireReader& in) {
  const auto text = in.string();
  return in.parsed([&] {
    return has_old_derived_paths(in.dialect())
               ? DerivedPath::parse_old(in.dialect().store, text)
               : DerivedPath::parse(in.dialect().store, text, DerivedPathForm::wire);
  });
}

void WireCodec<DerivedPath>::write(WireWriter& out, const DerivedPath& value) {
  out.string(has_old_derived_paths(out.dialect())
                 ? value.print_old(out.dialect().store)
                 : value.print(out.dialect().store, DerivedPathForm::wire));
}

std::optional<StorePath> WireCodec<std::optional<StorePath>>::read(WireReader& in) {
  const auto text = in.string(kMaxShortText);
  if (text.empty()) return std::nullopt;
  return in.parsed([&] { return in.dialect().store.parse_path(text); });
}

void WireCodec<std::optional<StorePath>>::write(WireWriter& out,
                                                const std::optional<StorePath>& value) {
  out.string(value ? out.dialect().store.print(*value) : "");
}

std::optional<ContentAddress> WireCodec<std::optional<ContentAddress>>::read(WireReader& in) {
  const auto text = in.string(kMaxShortText);
  if (text.empty()) return std::nullopt;
  return in.parsed([&] { return ContentAddress::parse(text); });
}

void WireCodec<std::optional<ContentAddress>>::write(WireWriter& out,
                                                     const std::optional<ContentAddress>& value) {
  out.string(value ? value->to_string() : "");
}

Hash read_nar_hash(WireReader& in) {
  const auto text = in.string(kMaxShortText);
  return in.parsed([&] { return Hash::parse(text, HashAlgorithm::sha256); });
}

void write_nar_hash(WireWriter& out, const Hash& hash) {
  out.string(hash.digits(HashFormat::base16));
}

std::string read_output_name(WireReader& in) {
  auto name = in.string(kMaxShortText);
  in.parsed([&] { check_store_path_name(name); });
  return name;
}

}  // namespace grange
