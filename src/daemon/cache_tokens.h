#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace grange {

/// Who may put something into a cache: whoever knows one of these. Only digests are kept.
class UploadTokens {
 public:
  /// One token in each line; empty lines, and those that begin with '#', are passed over. Throws
  /// InvalidError when there is none, or one with white space in it; no message shows one.
  static UploadTokens parse(std::string_view text);

  /// The value of an Authorization field: "Bearer TOKEN", or "Basic …" with the token for a
  /// password, whatever the user's name (which is what netrc gives).
  bool accept(std::string_view authorization) const;

 private:
  bool is_known(std::string_view token) const;

  std::vector<Sha256> digests_;
};

}  // namespace grange
