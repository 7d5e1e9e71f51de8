#pragma once

#include <filesystem>
#include <memory>

#include "build/builder.h"
#include "store/local_store.h"

namespace grange {

/// A builder that makes nothing: every attempt succeeds at once, and its outputs are registered as
/// valid objects without content or references. For measuring all that a farm does around its
/// builders; such a store is good for nothing else. While there is a file `hold`, attempts wait.
std::unique_ptr<Builder> make_rehearsal_builder(LocalStore& store,
                                                const std::filesystem::path& hold);

}  // namespace grange
