#pragma once

#include <functional>
#include <map>
#include <string>

namespace grange {

/// Environment variables as a value: what reads them is told, and looks nothing up.
using Environment = std::map<std::string, std::string, std::less<>>;

/// Those of this process.
Environment process_environment();

}  // namespace grange
