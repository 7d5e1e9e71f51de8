#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive/narinfo.h"
#include "base/hash.h"

namespace grange {

/// The name of a NAR that is made while it is sent: "nar/HASHPART-NARHASH.nar", with ".zst" where
/// it is packed on its way. It says all that is needed to find the path again, and that it is still
/// the same.
struct MadeNarName {
  std::string hash_part;
  Hash nar_hash;
  NarCompression compression = NarCompression::none;

  /// Nothing for a name of another form.
  static std::optional<MadeNarName> try_parse(std::string_view key);
  std::string to_string() const;
};

/// The name of a NAR in a file, as clients choose it: "nar/FILEHASH.nar.xz".
struct FileNarName {
  Hash file_hash;  ///< SHA-256 of the file

  static std::optional<FileNarName> try_parse(std::string_view key);
};

}  // namespace grange
