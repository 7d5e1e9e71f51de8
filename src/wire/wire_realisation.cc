#include "wire/wire_realisation.h"

namespace grange {

DrvOutput WireCodec<DrvOutput>::read(WireReader& in) {
  const auto text = in.string();
  return in.parsed([&] { return DrvOutput::parse(text); });
}

void WireCodec<DrvOutput>::write(WireWriter& out, const DrvOutput& id) {
  out.string(id.to_string());
}

Realisation WireCodec<Realisation>::read(WireReader& in) {
  const auto text = in.string();
  return in.parsed([&] { return Realisation::parse(text); });
}

void WireCodec<Realisation>::write(WireWriter& out, const Realisation& realisation) {
  out.string(realisation.to_json());
}

OutputOfDerivation OutputOfDerivation::read(WireReader& in) {
  auto derivation = in.get<StorePath>();
  return {std::move(derivation), read_output_name(in)};
}

void OutputOfDerivation::write(WireWriter& out) const {
  out.put(derivation).string(output);
}

RealisedOutput RealisedOutput::read(WireReader& in) {
  auto path = in.get<StorePath>();
  return {std::move(path), in.get<std::set<std::string>>()};
}

void RealisedOutput::write(WireWriter& out) const {
  out.put(path).put(signatures);
}

NewRealisation NewRealisation::read(WireReader& in) {
  auto key = OutputOfDerivation::read(in);
  return {std::move(key), RealisedOutput::read(in)};
}

void NewRealisation::write(WireWriter& out) const {
  out.put(key).put(value);
}

}  // namespace grange
