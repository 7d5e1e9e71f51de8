#include "build/nested_store.h"

#include <algorithm>

namespace grange {

bool asks_for_nested_store(const DerivationAttributes& attributes) {
  const auto& features = attributes.required_features;
  return std::find(features.begin(), features.end(), kNestedStoreFeature) != features.end();
}

}  // namespace grange
