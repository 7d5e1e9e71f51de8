#pragma once

#include <string>

#include "base/signature.h"
#include "derivation/build_trace.h"
#include "derivation/path_info.h"
#include "derivation/realisation.h"

namespace grange {

/// Whom a store believes that others' objects are what their paths say.
struct Trust {
  bool required = true;  ///< false: anybody is believed
  TrustedKeys keys{};
};

/// Throws DeniedError, naming `from`, unless the path is content-addressed or signed by a trusted
/// key.
void check_trusted(const StoreDir& store, const PathInfo& info, const Trust& trust,
                   const std::string& from);
/// The same for a realisation: nothing in it can be checked, so a signature is always needed.
void check_trusted(const Realisation& realisation, const Trust& trust, const std::string& from);
void check_trusted(const BuildTraceEntry& entry, const Trust& trust, const std::string& from);

}  // namespace grange
