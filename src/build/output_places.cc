#include "build/output_places.h"

#include "base/hash.h"
#include "derivation/content_address.h"
#include "derivation/placeholder.h"

namespace grange {
namespace {

std::filesystem::path location_of(const StoreDir& store, const StorePath& made_as, BuildWorld world,
                                  const std::filesystem::path& directory) {
  return world == BuildWorld::sandboxed
             ? directory / store.print(made_as).substr(1)  // "/" would leave the root
             : directory / made_as.base_name();
}

}  // namespace

StorePath make_floating_scratch_path(const StoreDir& store, const StorePath& derivation_path,
                                     std::string_view output, bool again) {
  auto type = "rewrite:" + derivation_path.base_name() + ":name:" + std::string(output);
  if (again) type += ":again";
  return make_store_path(store, type, Sha256{},
                         output_path_name(derivation_path.derivation_name(), output));
}

std::vector<OutputPlace> place_floating_outputs(const StoreDir& store,
                                                const StorePath& derivation_path,
                                                const Derivation& derivation, BuildWorld world,
                                                const std::filesystem::path& directory,
                                                bool again) {
  std::vector<OutputPlace> places;
  places.reserve(derivation.outputs.size());
  for (const auto& [name, output] : derivation.outputs) {
    const auto path = make_floating_scratch_path(store, derivation_path, name, again);
    places.push_back({name, path, path, location_of(store, path, world, directory), false, true});
  }
  return places;
}

StorePath make_scratch_path(const StoreDir& store, const StorePath& derivation_path,
                            const StorePath& promised) {
  return make_store_path(store,
                         "rewrite:" + derivation_path.base_name() + ":" + promised.base_name(),
                         Sha256{}, promised.name());
}

std::vector<OutputPlace> place_outputs(const StoreDir& store, const StorePath& derivation_path,
                                       DerivationKind kind,
                                       const std::map<std::string, StorePath>& promised,
                                       const std::set<StorePath>& valid, BuildWorld world,
                                       const std::filesystem::path& directory) {
  std::vector<OutputPlace> places;
  places.reserve(promised.size());
  for (const auto& [name, path] : promised) {
    const bool present = valid.contains(path);
    const bool redirect =
        world == BuildWorld::unsandboxed && (present || kind == DerivationKind::fixed);
    StorePath made_as = redirect ? make_scratch_path(store, derivation_path, path) : path;
    auto location = location_of(store, made_as, world, directory);
    places.push_back({name, path, std::move(made_as), std::move(location), present});
  }
  return places;
}

StorePath lock_name(const StorePath& derivation_path, const std::string& output) {
  return StorePath::parse(derivation_path.base_name() + "." + output);
}

StringRewrites input_rewrites(const StoreDir& store, const std::vector<OutputPlace>& places) {
  StringRewrites rewrites;
  for (const auto& place : places) {
    rewrites.emplace(output_placeholder(place.name), store.print(place.made_as));
    if (place.redirected()) {
      rewrites.emplace(place.promised.hash_part(), place.made_as.hash_part());
    }
  }
  return rewrites;
}

}  // namespace grange
