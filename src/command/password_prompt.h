#pragma once

#include <string>

namespace grange {

/// A password: asked for at the terminal, without echo and (`is_new`) twice, else the first line of
/// standard input. Never from arguments, which others can see. Throws InvalidError where the two
/// differ, or there is none.
std::string read_password(const std::string& prompt, bool is_new);

}  // namespace grange
