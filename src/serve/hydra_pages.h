#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "serve/api_context.h"
#include "serve/hydra_json.h"

namespace grange {

/// The page that is asked for by `page`, from 1 on; how many entries there are is not known yet.
HydraPage hydra_page_of(const ApiCall& call);

/// "/build/7", and behind it what follows in the path, if anything does.
std::string hydra_path(std::string_view prefix, std::int64_t id, std::string_view rest = {});

}  // namespace grange
