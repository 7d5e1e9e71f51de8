#include "wire/building_operations.h"

namespace grange {
namespace {

constexpr std::size_t kMaxObjectDepth = 16;

}  // namespace

BuildPaths BuildPaths::read(WireReader& in) {
  auto targets = in.get<std::vector<DerivedPath>>();
  return {std::move(targets), in.get<BuildMode>()};
}

BuildPathsWithResults BuildPathsWithResults::read(WireReader& in) {
  auto targets = in.get<std::vector<DerivedPath>>();
  return {std::move(targets), in.get<BuildMode>()};
}

BuildDerivation BuildDerivation::read(WireReader& in) {
  auto derivation = WireDerivation::read(in);
  return {std::move(derivation), in.get<BuildMode>()};
}

SingleDerivedPath WireCodec<SingleDerivedPath>::read(WireReader& in) {
  // The outermost comes first: all marks, then the path, then outputs from the inside.
  std::size_t depth = 0;
  while (in.bounded(1, "the kind of an object") == 1) {
    if (++depth > kMaxObjectDepth) throw CorruptError("outputs are nested too deeply");
  }
  SingleDerivedPath object{in.get<StorePath>()};
  for (; depth > 0; --depth) object.through.push_back(read_output_name(in));
  return object;
}

void WireCodec<SingleDerivedPath>::write(WireWriter& out, const SingleDerivedPath& value) {
  for (std::size_t i = 0; i < value.through.size(); ++i) out.number(1);
  out.number(0).put(value.path);
  for (const auto& output : value.through) out.string(output);
}

SubmitOutput SubmitOutput::read(WireReader& in) {
  auto object = in.get<SingleDerivedPath>();
  return {std::move(object), read_output_name(in)};
}

}  // namespace grange
