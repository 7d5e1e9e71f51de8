#pragma once

#include <filesystem>
#include <vector>

#include "build/local_builder.h"

namespace grange {

/// The program grange-launcher: GRANGE_LAUNCHER, or beside this program (a build tree), or in
/// ../libexec/grange (installed). Throws NotFoundError.
std::filesystem::path find_launcher();

/// This machine: its system, features and environment, and how its builders run.
LocalBuilderConfig builder_defaults();

/// What the given paths leave uncovered of what every builder counts on: a shell at /bin/sh.
void add_default_shell(std::vector<SandboxPath>& paths);

}  // namespace grange
