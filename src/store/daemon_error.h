#pragma once

#include <string>
#include <string_view>

#include "wire/worker_frames.h"

namespace grange {

/// Throws what a daemon said went wrong, as plain text. Daemons send no kinds of errors: the kind
/// goes by the words of Nix, and is `invalid` where they say nothing known.
[[noreturn]] void throw_daemon_error(const ErrorFrame& error);

/// What another program says for people, without colours: line by line.
std::string plain_lines(std::string_view text);

}  // namespace grange
