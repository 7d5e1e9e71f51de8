#pragma once

#include <functional>

#include "base/stream.h"

namespace grange {

/// Lets what writes into a sink be read as a source: `produce` runs in a thread of its own, at most
/// about a megabyte ahead of `use`, which runs in the caller's. An error of `produce` is thrown by
/// the source; when `use` returns or throws before the end, `produce` finds that its sink throws
/// CancelledError. Returns when both have ended.
void read_pushed(const std::function<void(Sink&)>& produce,
                 const std::function<void(Source&)>& use);

}  // namespace grange
