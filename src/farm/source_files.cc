#include "farm/source_files.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/tree_difference.h"
#include "base/error.h"
#include "base/text.h"
#include "derivation/store_path.h"

namespace grange {
namespace {

/// Two sources of one name that stand for each other.
using SourcePair = std::pair<StorePath, StorePath>;

/// By name; what is no base name of a store path is left out: it may lead anywhere.
std::multimap<std::string, StorePath> sources_in(const std::optional<std::string>& lines,
                                                 const std::optional<std::string>& others) {
  std::multimap<std::string, StorePath> sources;
  if (!lines) return sources;
  const auto there = split(others ? std::string_view(*others) : std::string_view(), '\n');
  for (const auto line : split(*lines, '\n')) {
    if (std::find(there.begin(), there.end(), line) != there.end()) continue;
    const auto path = StorePath::try_parse(line);
    if (path) sources.emplace(path->name(), *path);
  }
  return sources;
}

std::vector<SourcePair> source_pairs(const ExplainedCause& cause) {
  std::vector<SourcePair> pairs;
  for (const auto& field : cause.fields) {
    if (field.field != "sources") continue;
    const auto base = sources_in(field.base, field.head);
    const auto head = sources_in(field.head, field.base);
    for (const auto& [name, path] : head) {
      if (head.count(name) != 1 || base.count(name) != 1 || name == cause.name + "-builder") {
        continue;
      }
      pairs.emplace_back(base.find(name)->second, path);
    }
  }
  return pairs;
}

std::string file_text(const TreeDifference& difference) {
  const std::string name = difference.path.empty() ? "" : shown_tree_path(difference.path) + " ";
  if (!difference.second) return name + "only in the base";
  if (!difference.first) return name + "only in the head";
  auto only_mode = *difference.second;
  only_mode.executable = difference.first->executable;
  if (difference.offset || only_mode != *difference.first) return name + "changed";
  return name + (difference.second->executable ? "made executable" : "no longer executable");
}

/// Compares pairs of sources, each once.
class SourceFiles {
 public:
  SourceFiles(const std::filesystem::path& directory, const SourceFileBounds& bounds,
              const std::stop_token& stop)
      : directory_(directory), files_(bounds.files), bytes_(bounds.bytes), stop_(stop) {}

  /// Empty: nothing can be told.
  const std::string& line(const SourcePair& pair) {
    const auto [at, is_new] = lines_.try_emplace(pair);
    if (is_new && bytes_ > 0) at->second = compare(pair);
    return at->second;
  }

 private:
  std::string compare(const SourcePair& pair) {
    TreeDifferences differences;
    try {
      differences =
          find_tree_differences(directory_ / pair.first.base_name(),
                                directory_ / pair.second.base_name(), files_, stop_, &bytes_);
    } catch (const CancelledError&) {
      throw;
    } catch (const Error&) {
      return "";  // gone, or not ours to read: it is not at hand
    }
    if (differences.found.empty()) return "";
    std::string text(pair.second.name());
    for (std::size_t i = 0; i < differences.found.size(); ++i) {
      text += (i == 0 ? ": " : ", ") + file_text(differences.found[i]);
    }
    return text + (differences.more ? " and perhaps more" : "");
  }

  const std::filesystem::path& directory_;
  std::size_t files_;
  std::uint64_t bytes_;
  const std::stop_token& stop_;
  std::map<SourcePair, std::string> lines_;
};

}  // namespace

void find_source_files(Explanation& explanation, const std::filesystem::path& directory,
                       const SourceFileBounds& bounds, const std::stop_token& stop) {
  SourceFiles files(directory, bounds, stop);
  const auto count = std::min(explanation.causes.size(), bounds.causes);
  for (std::size_t i = 0; i < count; ++i) {
    auto& cause = explanation.causes[i];
    for (const auto& pair : source_pairs(cause)) {
      if (const auto& line = files.line(pair); !line.empty()) cause.source_files.push_back(line);
    }
  }
}

}  // namespace grange
