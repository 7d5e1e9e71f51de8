#include "evaluate/fetched_inputs.h"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "evaluate/git_fetch.h"
#include "evaluate/input_arguments.h"
#include "evaluate/known_trees.h"
#include "evaluate/tree_fetch.h"

namespace grange {
namespace {

void take_git(FetchedGit git, FetchedInput& fetched) {
  fetched.path = std::move(git.path);
  fetched.revision = std::move(git.revision);
  fetched.short_revision = std::move(git.short_revision);
  fetched.tag = std::move(git.tag);
  fetched.revision_count = git.revision_count;
  fetched.reference = std::move(git.reference);
  fetched.previous = std::move(git.previous);
  fetched.rewritten = git.rewritten;
  fetched.last_modified = git.committed;
}

std::vector<ParsedInput> parse_all(const std::vector<JobsetInput>& inputs) {
  std::vector<ParsedInput> parsed;
  std::set<std::string> names;
  for (const auto& input : inputs) {
    parsed.push_back(parse_input(input));
    if (!names.insert(input.name).second) {
      throw InvalidError("input '" + input.name + "' is specified twice");
    }
  }
  return parsed;
}

/// The first that is no mere consequence of another's failure.
void rethrow_first(const std::vector<std::exception_ptr>& errors) {
  std::exception_ptr first;
  for (const auto& error : errors) {
    if (!error) continue;
    if (!first) first = error;
    try {
      std::rethrow_exception(error);
    } catch (const CancelledError&) {
      continue;
    } catch (...) {
      throw;
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace

InputFetcher::InputFetcher(const FetchOptions& fetch, const EvaluateOptions& options,
                           ProcessRunner& runner, HttpClient& http, const Clock& clock)
    : space_(fetch, runner, clock),
      eval_store_root_(std::filesystem::absolute(options.eval_store_root).lexically_normal()),
      http_(http) {
  store_options_.fast_metadata = !options.fsync_metadata;
}

std::shared_ptr<LocalStore> InputFetcher::open_store() const {
  grange::create_directories(eval_store_root_);
  std::shared_ptr<LocalStore> store =
      LocalStore::open(StoreLocation::at_root(eval_store_root_), store_options_);
  // The evaluator would wait to add this to a store that we have open.
  store->keep_realisations();
  return store;
}

FetchedInputs InputFetcher::fetch(const std::vector<JobsetInput>& inputs,
                                  const JobsetExpression& expression,
                                  const std::stop_token& stop) const {
  check_expression(parse_all(inputs), expression);
  FetchedInputs fetched;
  fetched.expression = expression;
  fetched.store = open_store();
  fetched.inputs = fetch_all(inputs, *fetched.store, stop);
  fetched.digest = input_digest(fetched);
  return fetched;
}

std::vector<FetchedInput> InputFetcher::fetch_all(const std::vector<JobsetInput>& inputs,
                                                  LocalStore& store,
                                                  const std::stop_token& stop) const {
  const auto parsed = parse_all(inputs);
  std::vector<FetchedInput> fetched(inputs.size());
  // When one fails the others need not go on.
  std::stop_source end;
  const std::stop_callback pass_on(stop, [&end] { end.request_stop(); });
  std::vector<std::exception_ptr> errors(inputs.size());
  parallel_for(
      inputs.size(), std::max(space_.options().at_once, 1U),
      [&](std::size_t at) {
        try {
          fetched[at] = with_context(
              [&] {
                return "while fetching input '" + inputs[at].name + "' (" +
                       std::string(to_string(inputs[at].type)) + ")";
              },
              [&] { return fetch_one(inputs[at], parsed[at], store, end.get_token()); });
        } catch (...) {
          errors[at] = std::current_exception();
          end.request_stop();
        }
      },
      /*block=*/1);
  rethrow_first(errors);
  return fetched;
}

FetchedInput InputFetcher::fetch_one(const JobsetInput& input, const ParsedInput& parsed,
                                     LocalStore& store, const std::stop_token& stop) const {
  FetchedInput fetched;
  fetched.name = input.name;
  fetched.type = input.type;
  fetched.value = input.value;
  const KnownTrees known(space_, store);
  if (const auto* git = std::get_if<GitInput>(&parsed.value)) {
    const FetchRun run(space_, git->timeout.value_or(space_.options().timeout), stop);
    fetched.uri = git->shown_uri;
    take_git(fetch_git(*git, run, known), fetched);
  } else if (const auto* path = std::get_if<PathInput>(&parsed.value)) {
    const FetchRun run(space_, space_.options().timeout, stop);
    fetched.uri = path->path.string();
    fetched.path = fetch_path(*path, run, known);
  } else if (const auto* tarball = std::get_if<TarballInput>(&parsed.value)) {
    const FetchRun run(space_, space_.options().timeout, stop);
    fetched.uri = tarball->url.shown();
    fetched.path = fetch_tarball(*tarball, run, known, http_);
  }
  if (!fetched.path) return fetched;
  const auto info = store.path_info(*fetched.path);
  if (!info) throw NotFoundError("'" + fetched.path->base_name() + "' is gone from the eval store");
  fetched.nar_hash = info->nar_hash;
  fetched.nar_size = info->nar_size;
  return fetched;
}

InputHistory InputFetcher::history(const JobsetInput& input, const std::string& revision,
                                   const std::optional<std::string>& since, std::size_t limit,
                                   const std::stop_token& stop) const {
  return with_context(
      [&] { return "while reading the history of input '" + printable(input.name) + "'"; },
      [&] {
        const auto parsed = parse_input(input);
        const auto* git = std::get_if<GitInput>(&parsed.value);
        if (git == nullptr) throw InvalidError("only git inputs have a history");
        const FetchRun run(space_, git->timeout.value_or(space_.options().timeout), stop);
        return read_history(*git, revision, since, limit, run);
      });
}

}  // namespace grange
