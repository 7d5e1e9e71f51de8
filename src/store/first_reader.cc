#include "store/first_reader.h"

#include <utility>

namespace grange {

DerivationReader first_reader(DerivationReader first, DerivationReader second) {
  return [first = std::move(first), second = std::move(second)](const StorePath& path,
                                                                std::string& text) {
    return first(path, text) || second(path, text);
  };
}

}  // namespace grange
