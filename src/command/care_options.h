#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/local_store.h"

namespace CLI {
class App;
}

namespace grange {

/// Which store a command cares for.
struct StorePlaceOptions {
  std::string store;  ///< root; empty: in the state directory
  std::string store_dir = "/nix/store";
  bool eval_store = false;  ///< the eval store in the state directory; only where offered

  StoreLocation location() const;
};
void add_store_place_options(CLI::App& command, StorePlaceOptions& options);

/// "500", "20k", "1.5M", "3G", "2T", with an optional "B" or "iB" at the end: powers of 1024.
/// Throws InvalidError.
std::uint64_t parse_byte_count(std::string_view text);
/// "30d", "2w", "12h": days, weeks, hours; a bare number means days. Throws InvalidError.
std::chrono::seconds parse_age(std::string_view text);

}  // namespace grange
