#pragma once

#include "base/clock.h"
#include "build/build_area.h"
#include "build/local_builder.h"
#include "build/nested_store.h"
#include "process/launcher.h"
#include "store/local_store.h"

namespace grange {

/// What all attempts of a local builder share. All of it is thread safe.
struct AttemptContext {
  LocalStore& eval_store;
  LocalStore& store;
  Launcher& launcher;
  const Clock& clock;
  const LocalBuilderConfig& config;
  BuildArea& area;
  UidPool* pool;         ///< nothing: builders have this process's own identity
  NestedStores* nested;  ///< nothing: builders get no store of their own
};

}  // namespace grange
