#pragma once

#include <memory>

#include "store/fetch_observer.h"
#include "store/nar_stream.h"

namespace grange {

/// The same NAR, of which `copy` hears as it passes, and that it has ended.
std::unique_ptr<NarStream> observed_nar(std::unique_ptr<NarStream> nar,
                                        std::unique_ptr<FetchObserver::Copy> copy);

}  // namespace grange
