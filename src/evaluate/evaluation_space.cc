#include "evaluate/evaluation_space.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "evaluate/evaluator_identity.h"
#include "evaluate/store_failure.h"
#include "store/local_store.h"

namespace grange {
namespace {

/// Evaluation only: nothing is built or substituted, whatever an expression says, but for what is
/// asked of a daemon.
std::string settings(const EvaluateOptions& options) {
  return fmt::format(
      "experimental-features = nix-command flakes ca-derivations impure-derivations\n"
      "build-users-group =\n"
      "allow-import-from-derivation = {}\n"
      "substitute = false\n"
      "builders =\n"
      "max-jobs = {}\n"
      "sandbox = false\n"
      "flake-registry =\n"
      "fsync-metadata = {}\n"
      "{}",
      options.imports ? "true" : "false", options.imports ? 1 : 0,
      options.fsync_metadata ? "true" : "false",
      options.restricted ? "restrict-eval = true\nallowed-uris =\n" : "");
}

/// Nix's own variables point at the host's store and settings; the search path and certificates are
/// input of the expression, unless that is restricted to what it is given.
bool is_kept(std::string_view variable, bool restricted) {
  constexpr std::array<std::string_view, 5> kReplaced = {
      "XDG_DATA_HOME=", "INPUTRC=", "TERM=", "NO_COLOR=", "GC_INITIAL_HEAP_SIZE="};
  if (variable.starts_with("NIX_PATH=")) return !restricted;
  if (variable.starts_with("NIX_SSL_CERT_FILE=")) return true;
  if (variable.starts_with("NIX_")) return false;
  return std::none_of(kReplaced.begin(), kReplaced.end(),
                      [&](std::string_view name) { return variable.starts_with(name); });
}

/// Of several evaluators that create one store at once nix lets all but one fail.
void create_store(const std::filesystem::path& root) {
  const auto location = StoreLocation::at_root(root);
  if (!std::filesystem::exists(location.state / "db/schema")) LocalStore::open(location);
}

/// As the query of a URL.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/._-~").find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string daemon_url(const EvaluateOptions::Imports& imports, const std::filesystem::path& root) {
  const auto socket = imports.socket.string();
  if (socket.find('?') != std::string::npos) {
    throw InvalidError("nix cannot use a socket whose path has a '?': '" + socket + "'");
  }
  return "unix://" + socket + "?root=" + percent_encoded(root.string());
}

}  // namespace

std::filesystem::path evaluation_root(const EvaluateOptions& options) {
  return options.imports ? options.imports->store_root : options.eval_store_root;
}

EvaluationSpace::EvaluationSpace(const EvaluateOptions& options, std::string_view expression)
    : expression_file_(directory_.path() / "grange.nix"), confinement_(options.confinement) {
  auto root = std::filesystem::absolute(evaluation_root(options)).lexically_normal();
  if (root.string().find('?') != std::string::npos) {
    throw InvalidError("nix cannot use an eval store whose path has a '?': '" + root.string() +
                       "'");
  }
  if (!options.imports) {
    grange::create_directories(root);
    check_store_writable(root);
    create_store(root);
    if (confinement_ && confinement_->identity) give_eval_store(root, *confinement_->identity);
  }
  // What may be read is compared by its name, and by the one that it has without symlinks.
  if (options.restricted) root = std::filesystem::canonical(root);
  store_words_ = {"--store", options.imports ? daemon_url(*options.imports, root) : root.string()};
  if (options.restricted) {
    // A name that no expression can say between < and >.
    const auto directory = std::filesystem::canonical(directory_.path());
    expression_file_ = directory / expression_file_.filename();
    store_words_.insert(store_words_.end(), {"-I", "grange walker=" + directory.string()});
  }
  store_words_.insert(store_words_.end(), options.nix_options.begin(), options.nix_options.end());

  write_file(expression_file_, expression);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (is_kept(*variable, options.restricted)) environment_.emplace_back(*variable);
  }
  const std::string directory = directory_.path().string();
  environment_.push_back("NIX_CONFIG=" + settings(options));
  environment_.push_back("NIX_CONF_DIR=" + directory);
  environment_.push_back("NIX_USER_CONF_FILES=");
  // The interactive evaluator keeps a history there and reads key bindings; none are wanted.
  environment_.push_back("XDG_DATA_HOME=" + directory);
  environment_.push_back("INPUTRC=/dev/null");
  environment_.push_back("TERM=dumb");
  environment_.push_back("NO_COLOR=1");
  if (confinement_ && confinement_->identity) {
    const auto& [user, group] = *confinement_->identity;
    for (const auto& path : {directory_.path(), expression_file_}) {
      if (::chown(path.c_str(), user, group) != 0) {
        throw_errno("giving to uid " + std::to_string(user), path.string());
      }
    }
    // Nix asks who it is, and where that is at home: nobody may know the number.
    std::erase_if(environment_, [](const std::string& variable) {
      return variable.starts_with("USER=") || variable.starts_with("HOME=");
    });
    environment_.push_back("USER=grange-evaluate");
    environment_.push_back("HOME=" + directory);
  }
}

std::vector<std::string> EvaluationSpace::words_of(std::vector<std::string> program) const {
  return confinement_ ? confined_arguments(*confinement_, std::move(program)) : program;
}

}  // namespace grange
