#include "build/compare_outputs.h"

#include <fmt/format.h>

#include "archive/tree_difference.h"
#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kShownDifferences = 20;  ///< of one output
constexpr std::size_t kListedOutputs = 4;

std::string listing(const FirstOutput& first, const CollectedOutput& again,
                    const std::stop_token& stop) {
  std::string text = fmt::format("\n'{}': specified {}, got {}\n", again.place.name,
                                 first.nar_hash.to_string(HashFormat::sri),
                                 again.info.nar_hash.to_string(HashFormat::sri));
  TreeDifferences differences;
  try {
    differences = find_tree_differences(first.tree, again.place.location, kShownDifferences, stop);
  } catch (const CancelledError&) {
    throw;
  } catch (const Error& error) {  // the verdict does not hang on it
    return text + fmt::format("  they cannot be compared: {}", error.message());
  }
  text += differences.found.empty()
              ? fmt::format("  the files are the same: those at '{}' are not what was registered\n",
                            first.tree.string())
              : print_tree_differences(differences);
  text.pop_back();
  return text;
}

}  // namespace

FirstOutputs valid_outputs(LocalStore& store, const std::map<std::string, StorePath>& promised,
                           const std::set<StorePath>& valid) {
  FirstOutputs outputs;
  for (const auto& [name, path] : promised) {
    if (!valid.contains(path)) continue;
    if (const auto info = store.path_info(path)) {
      outputs.emplace(name, FirstOutput{path, info->nar_hash, store.real_path(path), true});
    }
  }
  return outputs;
}

FirstOutputs first_outputs(const std::vector<CollectedOutput>& outputs) {
  FirstOutputs first;
  for (const auto& output : outputs) {
    first.emplace(output.place.name, FirstOutput{output.info.path, output.info.nar_hash,
                                                 output.place.location, false});
  }
  return first;
}

OutputsComparison compare_outputs(const StoreDir& store, const StorePath& derivation_path,
                                  const FirstOutputs& first,
                                  const std::vector<CollectedOutput>& again,
                                  const std::stop_token& stop) {
  OutputsComparison comparison;
  std::vector<std::string> differing;
  std::string details;
  bool valid = false;
  for (const auto& output : again) {
    const auto found = first.find(output.place.name);
    if (found == first.end()) continue;
    const OutputComparison hashes{found->second.nar_hash, output.info.nar_hash};
    comparison.compared.emplace(output.place.name, hashes);
    if (hashes.equal()) continue;
    valid = found->second.valid;
    differing.push_back(
        fmt::format("'{}' ('{}')", output.place.name, store.print(found->second.path)));
    if (differing.size() <= kListedOutputs) details += listing(found->second, output, stop);
  }
  if (differing.empty()) return comparison;
  comparison.failure = BuildFailure{
      Outcome::not_deterministic,
      fmt::format("derivation '{}' is not deterministic: made again, its output{} {} differ{} from "
                  "{}",
                  store.print(derivation_path), differing.size() == 1 ? "" : "s",
                  join(differing, ", "), differing.size() == 1 ? "s" : "",
                  valid ? "what is valid" : "what was made first"),
      std::move(details)};
  return comparison;
}

}  // namespace grange
