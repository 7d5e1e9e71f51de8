#pragma once

#include <string>
#include <string_view>

namespace grange {

/// Throws the error of ours that a SQLSTATE is (PostgreSQL's appendix A), as `Database` says of
/// kinds; the state is added to the message.
[[noreturn]] void throw_postgres_error(std::string_view state, const std::string& message);

/// The SQLSTATE in a message of libpq that shows it ("FATAL:  3D000: …"); empty where none is.
std::string_view sqlstate_in(std::string_view message);

}  // namespace grange
