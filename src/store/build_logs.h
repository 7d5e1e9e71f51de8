#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/local_store.h"

namespace grange {

/// Writes LOGS/drvs/XX/REST.bz2, where `nix log` looks.
void write_build_log(const StoreLocation& location, const StorePath& derivation,
                     std::string_view log);
/// Also logs that Nix wrote, compressed or not. Throws CorruptError for a broken one.
std::optional<std::string> read_build_log(const StoreLocation& location,
                                          const StorePath& derivation);

}  // namespace grange
