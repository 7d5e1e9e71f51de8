#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compare/field_difference.h"

namespace grange {

/// Does a recipe of a fixed output say that it fetches something else now, though it promises the
/// same content? So it does where a version in its name or in a URL changed, or a revision (rev,
/// ref, tag, version): then somebody may have forgotten to change the hash. A further mirror, or
/// another way to the same file, is harmless.
bool is_suspicious(const std::vector<FieldDifference>& differences);

/// The version-like parts of a URL or a name (digits with dots between), sorted: "1.2.8" of
/// "http://example.org/zlib-1.2.8.tar.gz". The host does not count.
std::vector<std::string> version_parts(std::string_view text);

}  // namespace grange
