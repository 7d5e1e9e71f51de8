#pragma once

#include "http/http_server_handler.h"

namespace grange {

/// A handling whose responses carry what keeps browsers from taking them for something else: their
/// type is what they say, nothing in them runs or loads anything, and no other site has them in a
/// frame or hears of their paths. What a response says itself of these stays.
Handling with_safe_headers(Handling handling);

}  // namespace grange
