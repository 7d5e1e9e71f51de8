#pragma once

#include <map>
#include <string>
#include <string_view>

namespace grange {

/// Which store, as Nix writes it: "file:///cache?compression=zstd", "unix:///run/socket",
/// "ssh-ng://user@host", "s3://bucket?region=…", "local?root=/x", a directory (the local store
/// below it), "daemon", "auto".
struct StoreReference {
  std::string scheme;     ///< "auto", "local", "unix", "file", …
  std::string authority;  ///< what follows "SCHEME://", as it stands: a host, a bucket, a path
  std::map<std::string, std::string, std::less<>> parameters;  ///< decoded

  /// Throws InvalidError.
  static StoreReference parse(std::string_view text);
  /// In full: "SCHEME://AUTHORITY?…".
  std::string to_string() const;

  friend bool operator==(const StoreReference&, const StoreReference&) = default;
};

}  // namespace grange
