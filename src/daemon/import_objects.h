#pragma once

#include <functional>

#include "store/local_store.h"
#include "wire/wire_dialect.h"

namespace grange {

/// Reads an export stream, whose archives come before what is said of them: each waits in an
/// unnamed file. `add` gets them in order.
void import_objects(Source& stream, const LocalStore& store, const WireLimits& limits,
                    const std::function<void(const PathInfo& info, Source& nar)>& add);

}  // namespace grange
