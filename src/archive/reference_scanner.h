#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "derivation/store_path.h"

namespace grange {

/// Finds the hash parts of store paths in a stream, wherever the pieces are cut. Bytes are passed
/// on to `next` where there is one.
class ReferenceScanner final : public Sink {
 public:
  explicit ReferenceScanner(const std::set<StorePath>& candidates, Sink* next = nullptr);
  ~ReferenceScanner() override;
  void write(std::string_view data) override;
  std::set<StorePath> found() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace grange
