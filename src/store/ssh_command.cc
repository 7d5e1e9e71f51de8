#include "store/ssh_command.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace grange {

SshCommand::SshCommand(SshTarget target) : target_(std::move(target)) {
  if (target_.host.empty() || target_.host.starts_with('-') ||
      target_.host.find_first_of(" \t\n\r'\"\\$`;&|<>()*?/") != std::string::npos) {
    throw InvalidError("'" + printable(target_.host) + "' is not the name of a host");
  }
  if (target_.public_key.empty()) return;
  if (target_.public_key.find_first_of("\r\n") != std::string::npos) {
    throw InvalidError("the public key of a host has more than one line");
  }
  known_hosts_.emplace();
  const auto at = target_.host.rfind('@');
  const auto name = at == std::string::npos ? target_.host : target_.host.substr(at + 1);
  write_file(known_hosts_->path() / "known_hosts", name + " " + target_.public_key + "\n");
}

std::vector<std::string> SshCommand::arguments(std::string_view command) const {
  if (!is_remote()) return {"bash", "-c", std::string(command)};
  std::vector<std::string> arguments = {"ssh", "-x", "-a"};
  if (!target_.key_file.empty()) {
    arguments.emplace_back("-i");
    arguments.push_back(target_.key_file);
  }
  if (known_hosts_) {
    arguments.push_back("-oUserKnownHostsFile=" + (known_hosts_->path() / "known_hosts").string());
  }
  if (target_.compress) arguments.emplace_back("-C");
  arguments.insert(arguments.end(), target_.options.begin(), target_.options.end());
  arguments.emplace_back("--");
  arguments.push_back(target_.host);
  arguments.emplace_back(command);
  return arguments;
}

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

}  // namespace grange
