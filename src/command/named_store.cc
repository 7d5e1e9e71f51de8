#include "command/named_store.h"

#include <cstdio>

#include "base/text.h"
#include "command/state_directory.h"
#include "command/store_path_argument.h"

namespace grange {

std::unique_ptr<Store> open_named_store(const std::string& name, bool write, StoreOpening opening) {
  StoreReference reference;
  if (name.empty()) {
    reference.scheme = "local";
    reference.parameters.emplace("root", default_store_root().string());
  } else {
    reference = StoreReference::parse(name);
  }
  opening.write = write;
  opening.remote.environment = process_environment();
  opening.warn = [](const std::string& problem) {
    std::fprintf(stderr, "grange: warning: %s\n", printable(problem).c_str());
  };
  return open_store(reference, opening);
}

StorePath parse_path_of_store(const Store& store, const std::string& argument) {
  if (const auto* local = dynamic_cast<const LocalStore*>(&store)) {
    return parse_store_path_argument(local->location(), argument);
  }
  return parse_store_path_argument(StoreLocation::at_root({}, store.store_dir()), argument);
}

}  // namespace grange
