#pragma once

#include <string_view>

#include "serve/api_json.h"

namespace grange {

/// The types that an input of a jobset may have, `chosen` being the present one: a list of
/// {"type", "help", "example", "chosen"}, for people.
ApiJson input_types_view(std::string_view chosen);

/// A row of the form of a jobset: the types and "inputName", "inputValue", "inputHelp",
/// "inputExample".
ApiJson input_row_view(std::string_view name, std::string_view type, std::string_view value);

}  // namespace grange
