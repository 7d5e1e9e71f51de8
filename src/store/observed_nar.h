#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "store/nar_stream.h"

namespace grange {

/// The same NAR; `moved` hears how many bytes have passed since its last call, in pieces worth
/// telling of, and ends the NAR by throwing.
std::unique_ptr<NarStream> observed_nar(std::unique_ptr<NarStream> nar,
                                        std::function<void(std::uint64_t bytes)> moved);

}  // namespace grange
