#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "evaluate/evaluator.h"

namespace grange {

/// The root of the store in which the evaluators leave derivations and sources.
std::filesystem::path evaluation_root(const EvaluateOptions& options);

/// What every process of one evaluation shares: a private directory with the Nix text that drives
/// it, an environment in which no nix.conf and no NIX_… variable of the host counts (but NIX_PATH,
/// unless restricted), and the words that choose the eval store and settings.
class EvaluationSpace {
 public:
  /// Creates the eval store where there is none. Throws InvalidError for one that nix cannot name,
  /// DeniedError for one that this user cannot write.
  EvaluationSpace(const EvaluateOptions& options, std::string_view expression);

  /// Where the Nix text lies.
  const std::filesystem::path& expression_file() const { return expression_file_; }
  const std::vector<std::string>& environment() const { return environment_; }
  /// The words that start an evaluator, as confined as the options say.
  std::vector<std::string> words_of(std::vector<std::string> program) const;
  /// "--store ROOT" (with imports the URL of the daemon's socket), what a restricted evaluation may
  /// read of ours, then the further options.
  const std::vector<std::string>& store_words() const { return store_words_; }

 private:
  TemporaryDirectory directory_;
  std::filesystem::path expression_file_;
  std::vector<std::string> environment_;
  std::vector<std::string> store_words_;
  const std::optional<Confinement> confinement_;
};

}  // namespace grange
