#include "archive/self_reference.h"

#include <algorithm>

namespace grange {

void SelfReferenceHasher::write(std::string_view data) {
  pending_.append(data);
  std::size_t from = 0;
  for (std::size_t at = pending_.find(hash_part_); at != std::string::npos;
       at = pending_.find(hash_part_, from)) {
    offsets_.push_back(hashed_ + at);
    std::fill_n(pending_.begin() + static_cast<std::ptrdiff_t>(at), hash_part_.size(), '\0');
    from = at + hash_part_.size();
  }
  const std::size_t keep = std::min(hash_part_.size() - 1, pending_.size());
  const std::size_t ready = pending_.size() - keep;
  hasher_.update(std::string_view(pending_).substr(0, ready));
  hashed_ += ready;
  pending_.erase(0, ready);
}

Hash SelfReferenceHasher::finish() {
  hasher_.update(pending_);
  for (const std::uint64_t offset : offsets_) hasher_.update("|" + std::to_string(offset));
  return hasher_.finish();
}

}  // namespace grange
