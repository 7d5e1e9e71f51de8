#include "build/output_checks.h"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

class OutputChecker {
 public:
  OutputChecker(const Derivation& derivation, const StorePath& derivation_path,
                const std::vector<OutputPlace>& places, const std::vector<CollectedOutput>& outputs,
                LocalStore& store)
      : derivation_(derivation),
        shown_(store.store_dir().print(derivation_path)),
        places_(places),
        outputs_(outputs),
        store_(store) {}

  /// Throws InvalidError for a list that makes no sense.
  std::optional<BuildFailure> check() const {
    for (const bool whole_closure : {false, true}) {
      const auto allowed = list(whole_closure ? "allowedRequisites" : "allowedReferences");
      const auto disallowed = list(whole_closure ? "disallowedRequisites" : "disallowedReferences");
      if (!allowed && !disallowed) continue;
      for (const auto& output : outputs_) {
        const auto used = whole_closure ? requisites(output) : output.info.references;
        std::set<StorePath> illegal;
        for (const auto& path : used) {
          if ((allowed && !allowed->contains(path)) || (disallowed && disallowed->contains(path))) {
            illegal.insert(path);
          }
        }
        if (!illegal.empty()) return refused(output, illegal);
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<std::set<StorePath>> list(std::string_view variable) const {
    const auto text = derivation_.variable(variable);
    if (!text) return std::nullopt;
    std::set<StorePath> paths;
    for (const auto word : split_words(*text)) paths.insert(specified(word, variable));
    return paths;
  }

  StorePath specified(std::string_view word, std::string_view variable) const {
    for (const auto& place : places_) {
      if (place.name == word) return place.promised;
    }
    if (auto path = store_.store_dir().try_parse_path(word)) return *path;
    throw InvalidError(
        fmt::format("'{}' in {} of '{}' is neither a store path nor one of its outputs",
                    printable(word), variable, shown_));
  }

  /// The closure without the output itself, as Nix counts it outside structured attributes.
  std::set<StorePath> requisites(const CollectedOutput& output) const {
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
    closure.erase(output.info.path);
    return closure;
  }

  const CollectedOutput* find(const StorePath& path) const {
    for (const auto& output : outputs_) {
      if (output.info.path == path) return &output;
    }
    return nullptr;
  }

  BuildFailure refused(const CollectedOutput& output, const std::set<StorePath>& illegal) const {
    auto message = fmt::format(
        "output '{}' of '{}' is not allowed to refer to these paths:", output.place.name, shown_);
    for (const auto& path : illegal) message += "\n  " + store_.store_dir().print(path);
    return {Outcome::output_rejected, std::move(message)};
  }

  const Derivation& derivation_;
  std::string shown_;
  const std::vector<OutputPlace>& places_;
  const std::vector<CollectedOutput>& outputs_;
  LocalStore& store_;
};

}  // namespace

std::optional<BuildFailure> check_output_references(const Derivation& derivation,
                                                    const StorePath& derivation_path,
                                                    const std::vector<OutputPlace>& places,
                                                    const std::vector<CollectedOutput>& outputs,
                                                    LocalStore& store) {
  try {
    return OutputChecker(derivation, derivation_path, places, outputs, store).check();
  } catch (const InvalidError& error) {
    return BuildFailure{Outcome::output_rejected, error.what()};
  }
}

}  // namespace grange
