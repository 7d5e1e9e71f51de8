#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/hash.h"
#include "derivation/store_path.h"
#include "evaluate/evaluator.h"
#include "evaluate/fetch_space.h"
#include "evaluate/flake_lock.h"
#include "evaluate/input_history.h"
#include "evaluate/jobset_input.h"
#include "http/http_client.h"
#include "store/local_store.h"

namespace grange {

/// Which file of which input a jobset evaluates: Hydra's nixExprInput and nixExprPath.
struct JobsetExpression {
  std::string input;
  std::string path;  ///< relative, without ".."

  friend bool operator==(const JobsetExpression&, const JobsetExpression&) = default;
};

/// An input and what it came to.
struct FetchedInput {
  std::string name;
  InputType type = InputType::string;
  std::string value;  ///< as it was specified

  /// Of git, path and tarball inputs: where it lies, without user, password and query.
  std::string uri;
  std::optional<StorePath> path;  ///< in the eval store
  std::optional<Hash> nar_hash;
  std::uint64_t nar_size = 0;

  /// Of git inputs: as FetchedGit says.
  std::string revision;
  std::string short_revision;
  std::string tag;
  std::uint64_t revision_count = 0;
  std::string reference;
  std::optional<std::string> previous;
  bool rewritten = false;
  std::uint64_t last_modified = 0;  ///< of a commit, in seconds since 1970; 0: not known
};

/// A flake whose inputs were fetched: `inputs` has one for each node of its lock file, by key.
struct FetchedFlake {
  FlakeLock lock;
  std::string directory;  ///< of flake.nix in the root's files
};

/// All inputs of one evaluation, in the order in which they were specified. While this lives no
/// collector takes their store paths.
struct FetchedInputs {
  std::vector<FetchedInput> inputs;
  JobsetExpression expression;
  std::optional<FetchedFlake> flake;  ///< nothing: an expression is evaluated
  /// SHA-256 (hexadecimal) over everything that an evaluation gets to see of them, in whichever
  /// order they were specified: when it is the same there is nothing to evaluate anew.
  std::string digest;
  std::shared_ptr<LocalStore> store;
};

/// What the evaluator is to evaluate, with the inputs as Hydra passes them: a string by --argstr, a
/// boolean or an expression as it stands, all others as a set { outPath, inputType, uri, rev,
/// revCount, gitTag, shortRev } of what is known, and as <NAME>. A function gets those of them that
/// it takes. Of a flake as flake_selection says. Throws NotFoundError or InvalidError when the
/// expression is not in the inputs.
Selection jobset_selection(const FetchedInputs& inputs);
/// A fetched flake's jobs (flake_expression.h); its inputs can be read, and nothing else.
Selection flake_selection(const FetchedInputs& inputs);

/// Fetches the inputs of jobsets into the evaluator's store. Thread safe.
class InputFetcher {
 public:
  /// `options.eval_store_root` is where the evaluator reads them. What is passed by reference
  /// outlives it.
  InputFetcher(const FetchOptions& fetch, const EvaluateOptions& options, ProcessRunner& runner,
               HttpClient& http, const Clock& clock);

  /// Several at once. Throws InvalidError for what is specified wrongly, before anything is
  /// fetched, and else the first input's error, each with the input's name: NotFoundError (there is
  /// no such repository, branch, revision, file), DeniedError, UnavailableError, TimeoutError,
  /// CancelledError.
  FetchedInputs fetch(const std::vector<JobsetInput>& inputs, const JobsetExpression& expression,
                      const std::stop_token& stop) const;

  /// A flake (as flake_reference.h has its URL) and all that its lock file names, which must be
  /// what that says. Only a flake of this machine may use files of this machine. Throws as `fetch`
  /// does, and InvalidError for a lock file that cannot be used.
  FetchedInputs fetch_flake(const std::string& url, const std::stop_token& stop) const;

  /// The commits of a fetched git input, as read_history gives them. Throws InvalidError for an
  /// input of another type.
  InputHistory history(const JobsetInput& input, const std::string& revision,
                       const std::optional<std::string>& since, std::size_t limit,
                       const std::stop_token& stop) const;

 private:
  std::shared_ptr<LocalStore> open_store() const;
  std::vector<FetchedInput> fetch_all(const std::vector<JobsetInput>& inputs, LocalStore& store,
                                      const std::stop_token& stop) const;
  FetchedInput fetch_one(const JobsetInput& input, const ParsedInput& parsed, LocalStore& store,
                         const std::stop_token& stop) const;

  FetchSpace space_;
  std::filesystem::path eval_store_root_;
  LocalStoreOptions store_options_;
  HttpClient& http_;
};

}  // namespace grange
