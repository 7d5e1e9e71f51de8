#include "daemon/missing_paths.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "build/derivation_file.h"
#include "daemon/realisation_keys.h"
#include "derivation/attributes.h"

namespace grange {
namespace {

/// One question. Derivations are looked at in layers, so that substituters are asked in batches.
class MissingSearch {
 public:
  MissingSearch(LocalStore& store, const std::vector<Substituter>& substituters,
                const std::vector<DerivedPath>& targets)
      : store_(store),
        substituters_(substituters),
        graph_(load_closures(store, roots_of(targets))) {
    seen_.resize(graph_.size());
    for (const auto& target : targets) add(target);
  }

  MissingPaths run() {
    while (!layer_.empty()) next_layer();
    fetch();
    return std::move(missing_);
  }

 private:
  static std::set<StorePath> roots_of(const std::vector<DerivedPath>& targets) {
    std::set<StorePath> roots;
    for (const auto& target : targets) {
      const bool built = target.kind != DerivedPath::Kind::opaque && target.of.through.empty();
      if (built) roots.insert(target.of.path);
    }
    return roots;
  }

  void add(const DerivedPath& target) {
    if (target.kind == DerivedPath::Kind::opaque) {
      paths_.insert(target.of.path);
      return;
    }
    const auto root = target.of.through.empty() ? graph_.find(target.of.path) : std::nullopt;
    if (!root) {
      missing_.unknown.insert(target.of.path);
      return;
    }
    std::vector<std::string> outputs(target.outputs.begin(), target.outputs.end());
    if (outputs.empty()) outputs = graph_.output_names(*root);
    layer_.push_back({*root, std::move(outputs)});
  }

  struct Question {
    DerivationIndex derivation;
    std::vector<std::string> outputs;
  };

  /// Where an output is, as far as that is known.
  std::optional<StorePath> path_of(const Question& question, const std::string& output) {
    if (auto path = graph_.output_path(question.derivation, output)) return path;
    const auto hash = graph_.drv_output_hash(question.derivation);
    if (!hash) return std::nullopt;
    const DrvOutput id{*hash, output};
    auto found = store_.realisations({id});
    for (const auto& substituter : substituters_) {
      if (!found.empty()) break;
      try {
        found = substituter.store->realisations({id});
        if (!found.empty()) break;
        const BuildTraceKey key{graph_.path(question.derivation), output};
        for (const auto& [of, entry] : substituter.store->build_trace({key})) return entry.out_path;
      } catch (const Error&) {
        continue;  // whoever fetches will say so
      }
    }
    return found.empty() ? std::nullopt : std::optional(found.begin()->second.out_path);
  }

  void next_layer() {
    const auto layer = std::exchange(layer_, {});
    std::vector<std::optional<std::set<StorePath>>> places;  // nothing: it must be built
    std::set<StorePath> all;
    for (const auto& question : layer) {
      auto& place = places.emplace_back(std::set<StorePath>());
      for (const auto& output : question.outputs) {
        if (auto path = path_of(question, output)) {
          all.insert(*path);
          if (place) place->insert(*std::move(path));
        } else {
          place.reset();
        }
      }
    }
    const auto valid = store_.valid_among(all);
    std::set<StorePath> absent;
    std::set_difference(all.begin(), all.end(), valid.begin(), valid.end(),
                        std::inserter(absent, absent.end()));
    const auto elsewhere = substitutable(substituters_, absent);
    for (std::size_t i = 0; i < layer.size(); ++i) {
      const auto has = [&](const StorePath& path) {
        return valid.contains(path) || elsewhere.contains(path);
      };
      if (places[i] && std::all_of(places[i]->begin(), places[i]->end(), has) &&
          may_be_fetched(layer[i], *places[i], valid)) {
        for (const auto& path : *places[i]) {
          if (!valid.contains(path)) paths_.insert(path);
        }
      } else {
        build(layer[i]);
      }
    }
  }

  bool may_be_fetched(const Question& question, const std::set<StorePath>& paths,
                      const std::set<StorePath>& valid) {
    if (std::all_of(paths.begin(), paths.end(),
                    [&](const StorePath& path) { return valid.contains(path); })) {
      return true;
    }
    const auto derivation = read_derivation_file(graph_, question.derivation,
                                                 directory_reader(store_.location().real_store));
    return DerivationAttributes::parse(derivation).allow_substitutes;
  }

  void build(const Question& question) {
    missing_.will_build.insert(graph_.path(question.derivation));
    for (const auto& edge : graph_.inputs(question.derivation)) {
      if (seen_[edge.input]) continue;
      seen_[edge.input] = true;
      layer_.push_back({edge.input, graph_.input_outputs(edge)});
    }
  }

  /// What is fetched comes with what it refers to.
  void fetch() {
    std::set<StorePath> seen;
    auto todo = std::exchange(paths_, {});
    while (!todo.empty()) {
      seen.insert(todo.begin(), todo.end());
      std::set<StorePath> absent;
      const auto valid = store_.valid_among(todo);
      std::set_difference(todo.begin(), todo.end(), valid.begin(), valid.end(),
                          std::inserter(absent, absent.end()));
      const auto infos = substitutable(substituters_, absent);
      todo.clear();
      for (const auto& path : absent) {
        const auto found = infos.find(path);
        if (found == infos.end()) {
          missing_.unknown.insert(path);
          continue;
        }
        missing_.will_substitute.insert(path);
        missing_.nar_size += found->second.nar_size;
        for (const auto& reference : found->second.references) {
          if (!seen.contains(reference)) todo.insert(reference);
        }
      }
    }
  }

  LocalStore& store_;
  const std::vector<Substituter>& substituters_;
  DerivationGraph graph_;
  std::vector<bool> seen_;  ///< by derivation
  std::vector<Question> layer_;
  std::set<StorePath> paths_;  ///< to be fetched
  MissingPaths missing_;
};

}  // namespace

std::map<StorePath, PathInfo> substitutable(const std::vector<Substituter>& substituters,
                                            const std::set<StorePath>& paths) {
  std::map<StorePath, PathInfo> found;
  for (const auto& substituter : substituters) {
    std::set<StorePath> rest;
    for (const auto& path : paths) {
      if (!found.contains(path)) rest.insert(rest.end(), path);
    }
    if (rest.empty()) break;
    try {
      found.merge(substituter.store->path_infos(rest));
    } catch (const Error&) {
      continue;  // whoever fetches will say so
    }
  }
  return found;
}

MissingPaths find_missing(LocalStore& store, const std::vector<Substituter>& substituters,
                          const std::vector<DerivedPath>& targets) {
  return MissingSearch(store, substituters, targets).run();
}

}  // namespace grange
