#pragma once

#include <string_view>

namespace grange {

/// The name of a derivation without its version, "zlib" of "zlib-1.2.8": the version begins at the
/// first dash that a digit follows.
std::string_view package_name(std::string_view derivation_name) noexcept;

}  // namespace grange
