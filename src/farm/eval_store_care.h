#pragma once

#include <filesystem>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/file.h"
#include "store/local_store.h"

namespace grange {

/// Says that a run reads derivations from this eval store, until it is closed: nobody collects it
/// meanwhile. Holds nothing where we may not write; such a store is not ours to collect.
FileDescriptor use_eval_store(const StoreLocation& location);
/// To collect it. Throws UnavailableError while a run uses it.
FileDescriptor lock_eval_store_alone(const StoreLocation& location);

/// The derivations that the last complete run of each selection needs, so that the next run can be
/// compared with it; of selections run since `since` only, where it is given. Nothing where there
/// is no record.
std::set<StorePath> evaluations_to_keep(const std::filesystem::path& record_file,
                                        std::optional<TimePoint> since);

}  // namespace grange
