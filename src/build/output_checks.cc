#include "build/output_checks.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

using Words = std::vector<std::string>;

class OutputChecker {
 public:
  OutputChecker(const DerivationAttributes& attributes, const StorePath& derivation_path,
                const std::vector<OutputPlace>& places, const std::vector<CollectedOutput>& outputs,
                LocalStore& store)
      : attributes_(attributes),
        shown_(store.store_dir().print(derivation_path)),
        places_(places),
        outputs_(outputs),
        store_(store) {}

  /// Throws InvalidError for a list that makes no sense.
  std::optional<BuildFailure> check() const {
    for (const auto& output : outputs_) {
      const auto* checks = attributes_.checks_of(output.place.name);
      if (checks == nullptr) continue;
      if (auto failure = check_size(output, *checks)) return failure;
      if (auto failure = check_references(output, *checks)) return failure;
    }
    return std::nullopt;
  }

 private:
  std::optional<BuildFailure> check_size(const CollectedOutput& output,
                                         const OutputChecks& checks) const {
    if (checks.max_size && output.info.nar_size > *checks.max_size) {
      return too_large("output", output, output.info.nar_size, *checks.max_size);
    }
    if (!checks.max_closure_size) return std::nullopt;
    std::uint64_t size = 0;
    for (const auto& path : closure(output)) {
      const auto* sibling = find(path);
      if (sibling != nullptr) {
        size += sibling->info.nar_size;
      } else if (const auto info = store_.path_info(path)) {
        size += info->nar_size;
      }
    }
    if (size <= *checks.max_closure_size) return std::nullopt;
    return too_large("the closure of output", output, size, *checks.max_closure_size);
  }

  std::optional<BuildFailure> check_references(const CollectedOutput& output,
                                               const OutputChecks& checks) const {
    if (auto failure = compare(output, output.info.references,
                               {checks.allowed_references, "allowedReferences"},
                               {checks.disallowed_references, "disallowedReferences"})) {
      return failure;
    }
    if (!checks.allowed_requisites && !checks.disallowed_requisites) return std::nullopt;
    auto requisites = closure(output);
    if (checks.ignore_self) requisites.erase(output.info.path);
    return compare(output, requisites, {checks.allowed_requisites, "allowedRequisites"},
                   {checks.disallowed_requisites, "disallowedRequisites"});
  }

  struct List {
    const std::optional<Words>& words;
    std::string_view name;
  };

  std::optional<BuildFailure> compare(const CollectedOutput& output,
                                      const std::set<StorePath>& used, const List& allowed,
                                      const List& disallowed) const {
    const auto allowed_paths = paths_of(allowed);
    const auto disallowed_paths = paths_of(disallowed);
    std::set<StorePath> illegal;
    for (const auto& path : used) {
      if ((allowed.words && !allowed_paths.contains(path)) || disallowed_paths.contains(path)) {
        illegal.insert(path);
      }
    }
    if (illegal.empty()) return std::nullopt;
    return refused(output, illegal);
  }

  std::set<StorePath> paths_of(const List& list) const {
    std::set<StorePath> paths;
    if (!list.words) return paths;
    for (const auto& word : *list.words) paths.insert(specified(word, list.name));
    return paths;
  }

  StorePath specified(std::string_view word, std::string_view list) const {
    for (const auto& place : places_) {
      if (place.name == word) return place.promised;
    }
    if (auto path = store_.store_dir().try_parse_path(word)) return *path;
    throw InvalidError(
        fmt::format("'{}' in {} of '{}' is neither a store path nor one of its outputs",
                    printable(word), list, shown_));
  }

  std::set<StorePath> closure(const CollectedOutput& output) const {
    std::set<StorePath> made;
    std::set<StorePath> elsewhere;
    std::vector<const CollectedOutput*> unseen{&output};
    while (!unseen.empty()) {
      const auto* at = unseen.back();
      unseen.pop_back();
      if (!made.insert(at->info.path).second) continue;
      for (const auto& reference : at->info.references) {
        if (const auto* sibling = find(reference)) {
          unseen.push_back(sibling);
        } else {
          elsewhere.insert(reference);
        }
      }
    }
    auto closure = store_.closure(elsewhere);
    closure.merge(made);
    return closure;
  }

  const CollectedOutput* find(const StorePath& path) const {
    for (const auto& output : outputs_) {
      if (output.info.path == path) return &output;
    }
    return nullptr;
  }

  BuildFailure too_large(std::string_view what, const CollectedOutput& output, std::uint64_t size,
                         std::uint64_t limit) const {
    return {Outcome::output_rejected,
            fmt::format("{} '{}' of '{}' is too large at {} bytes; the limit is {} bytes", what,
                        output.place.name, shown_, size, limit)};
  }

  BuildFailure refused(const CollectedOutput& output, const std::set<StorePath>& illegal) const {
    auto message = fmt::format(
        "output '{}' of '{}' is not allowed to refer to these paths:", output.place.name, shown_);
    for (const auto& path : illegal) message += "\n  " + store_.store_dir().print(path);
    return {Outcome::output_rejected, std::move(message)};
  }

  const DerivationAttributes& attributes_;
  std::string shown_;
  const std::vector<OutputPlace>& places_;
  const std::vector<CollectedOutput>& outputs_;
  LocalStore& store_;
};

}  // namespace

std::optional<BuildFailure> check_output_references(const DerivationAttributes& attributes,
                                                    const StorePath& derivation_path,
                                                    const std::vector<OutputPlace>& places,
                                                    const std::vector<CollectedOutput>& outputs,
                                                    LocalStore& store) {
  try {
    return OutputChecker(attributes, derivation_path, places, outputs, store).check();
  } catch (const InvalidError& error) {
    return BuildFailure{Outcome::output_rejected, error.what()};
  }
}

}  // namespace grange
