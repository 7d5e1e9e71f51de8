#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "derivation/store_path.h"

namespace grange {

/// Hears how what was asked of substituters comes. Calls come from several threads, and must not
/// block.
class FetchObserver {
 public:
  /// One path on its way. It ends with this, arrived or not.
  class Copy {
   public:
    virtual ~Copy() = default;
    virtual void moved(std::uint64_t bytes) = 0;  ///< of its NAR, since the last call
  };

  virtual ~FetchObserver() = default;
  /// `from`: how people name the substituter. Null: not of interest.
  virtual std::unique_ptr<Copy> copying(const StorePath& path, std::uint64_t nar_size,
                                        const std::string& from) = 0;
  /// Why something was not taken that is there.
  virtual void problem(const std::string& message) = 0;
};

}  // namespace grange
