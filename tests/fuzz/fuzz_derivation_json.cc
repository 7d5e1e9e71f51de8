#include <cstdint>
#include <cstdlib>
#include <map>
#include <string_view>

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/derivation_json.h"

/// Derivations as JSON, in whichever form. What is read must print to a text that reads to the same
/// value, and be a value that the ATerm can hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const StoreDir store = StoreDir::nix();
  const auto guard = [](auto&& action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::invalid) std::abort();
    }
  };
  guard([&] {
    const auto shown = parse_show_derivation(store, text);
    if (parse_show_derivation(store, print_show_derivation(store, shown)) != shown) std::abort();
    for (const auto& [path, derivation] : shown) {
      const auto aterm = print_aterm(derivation, store);
      if (parse_aterm(store, derivation.name, aterm) != derivation) std::abort();
    }
  });
  guard([&] {
    const auto derivation = parse_derivation_json(store, text);
    const auto aterm = print_aterm(derivation, store);
    if (parse_aterm(store, derivation.name, aterm) != derivation) std::abort();
    const auto printed = print_derivation_json(derivation);
    if (print_derivation_json(parse_derivation_json(store, printed)) != printed) std::abort();
  });
  guard([&] {
    const auto derivations = parse_derivations_json(store, text);
    const auto printed = print_derivations_json(derivations);
    if (print_derivations_json(parse_derivations_json(store, printed)) != printed) std::abort();
  });
  return 0;
}
