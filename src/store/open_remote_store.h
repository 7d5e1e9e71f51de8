#pragma once

#include <memory>

#include "store/building_store.h"
#include "store/open_store.h"

namespace grange {

/// Is it the store of somebody who also builds: unix, ssh-ng or ssh?
bool is_remote_store(const StoreReference& reference);

/// Opens one; connects when it is first needed. Parameters: for both kinds of ssh `ssh-key`,
/// `base64-ssh-public-host-key`, `compress`, `remote-program`, `remote-store`; for all
/// `max-connections`. Throws InvalidError.
std::unique_ptr<BuildingStore> open_remote_store(const StoreReference& reference,
                                                 const StoreOpening& opening);

}  // namespace grange
