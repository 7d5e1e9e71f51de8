#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "evaluate/fetched_inputs.h"
#include "evaluate/flake_expression.h"
#include "evaluate/input_arguments.h"

namespace grange {
namespace {

/// Does it lie on this machine?
bool is_local_input(const JobsetInput& input) {
  const auto parsed = parse_input(input);
  if (const auto* git = std::get_if<GitInput>(&parsed.value)) return git->local;
  if (const auto* tarball = std::get_if<TarballInput>(&parsed.value)) {
    return tarball->url.scheme() == "file";
  }
  return true;
}

/// The file, where it is a file and not something that leads elsewhere.
std::optional<std::string> read_flake_file(const std::filesystem::path& file) {
  if (std::filesystem::is_symlink(file)) {
    throw InvalidError("'" + file.filename().string() + "' of the flake is a symlink");
  }
  return try_read_file(file, kLargestFlakeLock);
}

/// What a lock file names, to be fetched as it says.
std::vector<JobsetInput> locked_inputs(const FlakeLock& lock, bool may_be_local) {
  std::vector<JobsetInput> inputs;
  for (const auto& [key, node] : lock.nodes) {
    if (!node.source) continue;
    // Who writes a repository is not who made the jobset.
    if (!may_be_local && is_local_input(node.source->input)) {
      throw InvalidError("the flake's input '" + key +
                         "' is of this machine: only a flake of this machine may use such");
    }
    inputs.push_back(node.source->input);
  }
  return inputs;
}

void check_locked(const FlakeLock& lock, const std::vector<FetchedInput>& inputs) {
  for (const auto& input : inputs) {
    const auto& hash = lock.nodes.at(input.name).nar_hash;
    if (hash == input.nar_hash) continue;
    throw InvalidError(
        "the flake's input '" + input.name + "' is not what flake.lock says: " + "specified " +
        hash->to_string(HashFormat::sri) + ", got " + input.nar_hash->to_string(HashFormat::sri));
  }
}

}  // namespace

FetchedInputs InputFetcher::fetch_flake(const std::string& url, const std::stop_token& stop) const {
  // Its name is that of the lock file's root, which is known once it is there.
  const auto reference = parse_flake_reference("root", url);
  FetchedInputs fetched;
  fetched.store = open_store();
  auto top = fetch_all({reference.input}, *fetched.store, stop);
  const auto directory = std::filesystem::canonical(fetched.store->location().real_store) /
                         top.front().path.value().base_name() / reference.directory;
  if (!std::filesystem::exists(directory / "flake.nix")) {
    throw NotFoundError("the flake '" + printable(url) + "' has no flake.nix" +
                        (reference.directory.empty() ? "" : " in '" + reference.directory + "'"));
  }
  fetched.flake = {FlakeLock::empty(), reference.directory};
  auto& lock = fetched.flake->lock;
  if (const auto text = read_flake_file(directory / "flake.lock")) lock = parse_flake_lock(*text);
  top.front().name = lock.root;
  fetched.inputs =
      fetch_all(locked_inputs(lock, is_local_input(reference.input)), *fetched.store, stop);
  check_locked(lock, fetched.inputs);
  fetched.inputs.push_back(std::move(top.front()));
  fetched.expression = {lock.root, (std::filesystem::path(reference.directory) / "flake.nix")};
  fetched.digest = input_digest(fetched);
  return fetched;
}

Selection flake_selection(const FetchedInputs& inputs) {
  const auto real_store = std::filesystem::canonical(inputs.store->location().real_store);
  Selection selection;
  selection.expression = flake_expression(inputs);
  for (const auto& input : inputs.inputs) {
    selection.search_path.emplace_back("flake input " + input.name,
                                       real_store / input.path.value().base_name());
  }
  return selection;
}

}  // namespace grange
