#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "derivation/attributes.h"
#include "derivation/structured_attributes.h"

/// A derivation's attributes: as the text of __json, and as the environment variables that hold
/// lists. The files of what is accepted must make the same files again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto guard = [](auto&& action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::invalid) std::abort();
    }
  };
  guard([&] {
    const std::map<std::string, std::string> outputs{{"dev", "/d'"}, {"out", "/o"}};
    const auto files = make_attribute_files(text, outputs, {});
    const auto again = make_attribute_files(files.json, outputs, {});
    if (again.json != files.json || again.shell != files.shell) std::abort();
  });
  guard([&] {
    Derivation derivation;
    derivation.environment["__json"] = text;
    const auto attributes = DerivationAttributes::parse(derivation);
    if (attributes.json != text || attributes != DerivationAttributes::parse(derivation)) {
      std::abort();
    }
  });
  guard([&] {
    Derivation derivation;
    for (const auto* name : {"exportReferencesGraph", "impureEnvVars", "allowedReferences"}) {
      derivation.environment[name] = text;
    }
    const auto attributes = DerivationAttributes::parse(derivation);
    for (const auto& graph : attributes.exported_graphs) {
      if (graph.name.find('/') != std::string::npos || graph.name.starts_with('.')) std::abort();
    }
  });
  return 0;
}
