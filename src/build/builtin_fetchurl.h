#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "build/build_failure.h"
#include "build/download.h"
#include "derivation/derivation.h"

namespace grange {

struct FetchRequest {
  const Derivation& derivation;
  std::filesystem::path output;  ///< where the output goes; nothing is there yet
  std::filesystem::path spool;   ///< a file that may be made meanwhile, on the same file system
  std::vector<std::string> hashed_mirrors;
  DownloadOptions options;
};

/// `builtin:fetchurl` (nix-store.md §10.10): fetches `url` to the output, as a file, as an
/// executable one (`executable`), or as the tree of a NAR (`unpack`). Flat outputs are looked for
/// on the hashed mirrors first. The output is not verified here, but a mirror that has another
/// content is passed over. Unlike Nix 2.8 it verifies TLS certificates. Throws CancelledError and
/// what the disk says.
std::optional<BuildFailure> fetch_url(const FetchRequest& request, const Clock& clock,
                                      const std::stop_token& stop);

}  // namespace grange
