#include "wire/wire_derivation.h"

#include "base/encoding.h"
#include "derivation/derivation_form.h"

namespace grange {
namespace {

/// The three texts that a .drv has of an output, too.
struct OutputTexts {
  std::string path;
  std::string method;
  std::string digest;
};

DerivationOutput to_wire_output(const StoreDir& store, const OutputTexts& texts) {
  if (texts.method.empty()) {
    if (!texts.digest.empty()) throw InvalidError("an output has a digest without its algorithm");
    if (texts.path.empty()) return DeferredOutput{};
    return InputAddressedOutput{store.parse_path(texts.path)};
  }
  const auto promise = ContentMethodAlgorithm::parse(texts.method);
  const bool impure = texts.digest == "impure";
  if (texts.digest.empty() || impure) {
    if (!texts.path.empty()) throw InvalidError("a floating output has a path");
    if (impure) return ImpureOutput{promise};
    return FloatingOutput{promise};
  }
  return FixedOutput{{promise.method, Hash::parse(texts.digest, promise.algorithm)},
                     store.parse_path(texts.path)};
}

OutputTexts texts_of(const StoreDir& store, const DerivationOutput& output) {
  if (const auto* known = std::get_if<InputAddressedOutput>(&output)) {
    return {store.print(known->path), "", ""};
  }
  if (const auto* fixed = std::get_if<FixedOutput>(&output)) {
    const auto& address = fixed->address;
    return {store.print(fixed->path),
            ContentMethodAlgorithm{address.method, address.hash.algorithm()}.to_string(),
            address.hash.digits(HashFormat::base16)};
  }
  if (const auto* floating = std::get_if<FloatingOutput>(&output)) {
    return {"", floating->promise.to_string(), ""};
  }
  if (const auto* impure = std::get_if<ImpureOutput>(&output)) {
    return {"", impure->promise.to_string(), "impure"};
  }
  return {};
}

}  // namespace

WireDerivation WireDerivation::read(WireReader& in) {
  WireDerivation read{in.get<StorePath>(), {}};
  auto& derivation = read.derivation;
  derivation.name = read.path.derivation_name();
  for (auto left = in.count(); left > 0; --left) {
    auto name = read_output_name(in);
    OutputTexts texts;
    texts.path = in.string();
    texts.method = in.string();
    texts.digest = in.string();
    auto output = in.parsed([&] { return to_wire_output(in.dialect().store, texts); });
    if (!derivation.outputs.try_emplace(std::move(name), std::move(output)).second) {
      throw CorruptError("an output of a derivation comes twice");
    }
  }
  derivation.input_sources = in.get<std::set<StorePath>>();
  derivation.system = in.string();
  derivation.builder = in.string();
  derivation.arguments = in.get<std::vector<std::string>>();
  derivation.environment = in.get<std::map<std::string, std::string, std::less<>>>();
  in.parsed([&] {
    if (!read.path.is_derivation()) {
      throw InvalidError("'" + read.path.base_name() + "' is not a derivation");
    }
    if (derivation.outputs.empty()) throw InvalidError("a derivation has no outputs");
    check_derivation_form(derivation);
  });
  return read;
}

void WireDerivation::write(WireWriter& out) const {
  if (!derivation.inputs.empty()) {
    throw InvalidError("derivation '" + path.base_name() + "' has input derivations");
  }
  out.put(path).number(derivation.outputs.size());
  for (const auto& [name, output] : derivation.outputs) {
    const auto texts = texts_of(out.dialect().store, output);
    out.string(name).string(texts.path).string(texts.method).string(texts.digest);
  }
  out.put(derivation.input_sources).string(derivation.system).string(derivation.builder);
  out.put(derivation.arguments).put(derivation.environment);
}

}  // namespace grange
