#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace grange {

/// The queue of a farm as GET /api/v1/queue answers it, its builds perhaps with "waiting", for
/// people. Throws nlohmann's exceptions for what is something else.
std::string queue_text(const nlohmann::ordered_json& queue);

}  // namespace grange
