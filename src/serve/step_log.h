#pragma once

#include <cstdint>
#include <optional>

#include "serve/api_context.h"

namespace grange {

/// The last step that made just this build, also when it was made for another one of the same
/// derivation at the same time; nothing where it was not made here.
std::optional<StepRow> own_step(Database& database, const BuildRow& build);

/// The last step of a build that has a log; who asks must see it. Throws NotFoundError.
std::int64_t step_of_build_log(const ApiCall& call, std::int64_t build);

/// A step's log as plain text: all of it, or so many lines of its end. Nothing in it can be taken
/// for a page.
ServerResponse plain_step_log(const ApiCall& call, std::int64_t step,
                              std::optional<std::int64_t> tail);

}  // namespace grange
