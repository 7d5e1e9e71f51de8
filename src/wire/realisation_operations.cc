#include "wire/realisation_operations.h"

namespace grange {
namespace {

template <typename Form, typename Variant>
const Form& in_form(const WireWriter& out, const Variant& variant) {
  if (const auto* form = std::get_if<Form>(&variant)) return *form;
  throw InvalidError("worker protocol " + out.dialect().version.to_string() +
                     " has realisations in another form");
}

}  // namespace

RegisterDrvOutput RegisterDrvOutput::read(WireReader& in) {
  if (in.has(kFeatureRealisationWithPath)) return {NewRealisation::read(in)};
  if (in.at_least(31)) return {in.get<Realisation>()};
  auto id = in.get<DrvOutput>();
  const auto base_name = in.string();
  return {
      Realisation{std::move(id), in.parsed([&] { return StorePath::parse(base_name); }), {}, {}}};
}

void RegisterDrvOutput::write(WireWriter& out) const {
  if (out.has(kFeatureRealisationWithPath)) {
    out.put(in_form<NewRealisation>(out, realisation));
    return;
  }
  const auto& older = in_form<Realisation>(out, realisation);
  if (out.at_least(31)) {
    out.put(older);
  } else {
    out.put(older.id).string(older.out_path.base_name());
  }
}

RealisationReply RealisationReply::read(WireReader& in) {
  if (in.has(kFeatureRealisationWithPath)) return {read_tagged<RealisedOutput>(in)};
  if (in.at_least(31)) return {in.get<std::vector<Realisation>>()};
  return {in.get<std::set<StorePath>>()};
}

void RealisationReply::write(WireWriter& out) const {
  if (out.has(kFeatureRealisationWithPath)) {
    write_tagged(out, in_form<std::optional<RealisedOutput>>(out, found));
  } else if (out.at_least(31)) {
    out.put(in_form<std::vector<Realisation>>(out, found));
  } else {
    out.put(in_form<std::set<StorePath>>(out, found));
  }
}

QueryRealisation QueryRealisation::read(WireReader& in) {
  if (in.has(kFeatureRealisationWithPath)) return {OutputOfDerivation::read(in)};
  return {in.get<DrvOutput>()};
}

void QueryRealisation::write(WireWriter& out) const {
  if (out.has(kFeatureRealisationWithPath)) {
    out.put(in_form<OutputOfDerivation>(out, output));
  } else {
    out.put(in_form<DrvOutput>(out, output));
  }
}

}  // namespace grange
