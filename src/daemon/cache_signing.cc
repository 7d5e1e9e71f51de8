#include "daemon/cache_signing.h"

#include <algorithm>
#include <utility>

namespace grange {

void sign_with_all(const StoreDir& store, const std::vector<SecretKey>& keys, PathInfo& info) {
  if (keys.empty()) return;
  const auto fingerprint = path_fingerprint(store, info);
  for (const auto& key : keys) {
    auto signature = key.sign(fingerprint);
    auto& present = info.signatures;
    if (std::find(present.begin(), present.end(), signature) == present.end()) {
      present.push_back(std::move(signature));
    }
  }
}

void sign_with_all(const std::vector<SecretKey>& keys, Realisation& realisation) {
  if (keys.empty()) return;
  const auto fingerprint = realisation.fingerprint();
  for (const auto& key : keys) realisation.signatures.insert(key.sign(fingerprint));
}

}  // namespace grange
