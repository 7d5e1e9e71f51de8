#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/aterm_reader.h"
#include "derivation/derivation_graph.h"

/// The text of a .drv. What is read must print back byte for byte and read to an equal value; a
/// graph must come to the same opinion of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const StoreDir store = detect_store_dir(text).value_or(StoreDir::nix());
  bool read = false;
  try {
    const Derivation derivation = parse_aterm(store, "fuzz", text);
    read = !derivation.outputs.empty();
    const std::string printed = print_aterm(derivation, store);
    if (printed != text || parse_aterm(store, "fuzz", printed) != derivation) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  const auto root = StorePath::parse("00000000000000000000000000000000-fuzz.drv");
  const DerivationReader reader = [&](const StorePath& path, std::string& out) {
    out = text;
    return path == root;
  };
  const auto graph = DerivationGraph::load(store, {&root, 1}, reader, {.threads = 1});
  const auto state = graph.state(graph.find(root).value());
  if (!read && state != DerivationGraph::State::malformed) std::abort();
  if (state == DerivationGraph::State::missing) std::abort();
  return 0;
}
