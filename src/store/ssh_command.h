#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace grange {

/// Another machine, as ssh reaches it (nix-store.md §8.8).
struct SshTarget {
  std::string host{};        ///< "host" or "user@host"; "localhost": a shell here, without ssh
  std::string key_file{};    ///< empty: ssh's own choice
  std::string public_key{};  ///< of the host, "ssh-ed25519 …"; empty: as ssh knows it
  bool compress = false;
  std::vector<std::string> options{};  ///< further ones of ssh, from NIX_SSHOPTS
};

/// Runs commands on a machine.
class SshCommand {
 public:
  /// Throws InvalidError for a name that ssh would take for an option.
  explicit SshCommand(SshTarget target);

  /// The program that runs `command`, which a shell reads, over there. Valid while this lives.
  std::vector<std::string> arguments(std::string_view command) const;
  /// Is it really ssh, which may ask for a password?
  bool is_remote() const { return target_.host != "localhost"; }

 private:
  SshTarget target_;
  std::optional<TemporaryDirectory> known_hosts_;
};

/// One word for a shell.
std::string shell_word(std::string_view text);

}  // namespace grange
