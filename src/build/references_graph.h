#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "derivation/attributes.h"
#include "derivation/path_info.h"
#include "store/local_store.h"

namespace grange {

/// The closure of `paths` with all there is to know, sorted by path: what exportReferencesGraph
/// tells a builder. Where it holds a .drv file it has the closure of that derivation's outputs,
/// too, as when building an installer that can build. Throws InvalidError for a path that is not
/// in the builder's input closure, NotFoundError for an output that is not valid.
std::vector<PathInfo> export_references(LocalStore& store, const std::set<StorePath>& paths,
                                        const std::set<StorePath>& input_closure);

/// One graph in the format of `nix-store --register-validity`, without derivers and hashes.
std::string registration_text(const StoreDir& store, const std::vector<PathInfo>& infos);

/// One graph in JSON, with the size of each path's closure. `infos` must hold all references.
std::string graph_json(const StoreDir& store, const std::vector<PathInfo>& infos);

/// All graphs that a derivation asks for, by name: in JSON where its attributes are structured,
/// else as registration texts. Throws as `export_references`.
std::map<std::string, std::string> export_graphs(LocalStore& store,
                                                 const DerivationAttributes& attributes,
                                                 const std::set<StorePath>& input_closure);

}  // namespace grange
