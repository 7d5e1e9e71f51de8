#include "build/known_outputs.h"

#include <algorithm>

#include "base/fault.h"
#include "derivation/depends_on_content.h"

namespace grange {
namespace {

bool is_verified(const DerivationGraph& graph, DerivationIndex derivation) {
  return graph.state(derivation) == DerivationGraph::State::verified;
}

bool needs_realisations(const DerivationGraph& graph) {
  for (const auto derivation : graph.topological_order()) {
    if (is_verified(graph, derivation) && depends_on_content(graph.kind(derivation))) return true;
  }
  return false;
}

}  // namespace

KnownOutputs::KnownOutputs(const DerivationGraph& graph, LocalStore& store, SignRealisation sign)
    : graph_(graph),
      store_(store),
      sign_(std::move(sign)),
      keeps_(store.keeps_realisations() || needs_realisations(graph)),
      known_([&store](const std::set<DrvOutput>& ids) { return store.realisations(ids); }) {}

std::optional<DrvOutput> KnownOutputs::id(DerivationIndex derivation,
                                          const std::string& output) const {
  if (!is_verified(graph_, derivation) || graph_.kind(derivation) == DerivationKind::impure) {
    return std::nullopt;
  }
  const auto hash = graph_.drv_output_hash(derivation);
  if (!hash) return std::nullopt;
  return DrvOutput{*hash, output};
}

std::optional<StorePath> KnownOutputs::path(DerivationIndex derivation,
                                            const std::string& output) const {
  if (auto path = graph_.output_path(derivation, output)) return path;
  if (const auto of = id(derivation, output)) {
    if (const auto found = paths_.find(*of); found != paths_.end()) return found->second;
  }
  if (const auto found = impure_paths_.find({derivation, output}); found != impure_paths_.end()) {
    return found->second;
  }
  return std::nullopt;
}

std::vector<std::vector<std::string>> KnownOutputs::present(
    const std::vector<Question>& questions) {
  std::set<DrvOutput> ids;
  for (const auto& question : questions) {
    for (const auto& output : question.outputs) {
      // Also where the path is known: what is made from it depends on its realisation.
      const auto of = keeps_ ? id(question.derivation, output) : std::nullopt;
      if (of && known_.find(*of) == nullptr) ids.insert(*of);
    }
  }
  for (const auto& [of, realisation] : store_.realisations(ids)) {
    known_.learn(realisation);
    registered_.insert(of);
  }
  std::set<StorePath> asked;
  const auto path_of = [&](DerivationIndex derivation,
                           const std::string& output) -> std::optional<StorePath> {
    if (auto known = path(derivation, output)) return known;
    const auto of = id(derivation, output);
    const auto* realisation = of ? known_.find(*of) : nullptr;
    return realisation == nullptr ? std::nullopt : std::optional(realisation->out_path);
  };
  for (const auto& question : questions) {
    for (const auto& output : question.outputs) {
      if (auto path = path_of(question.derivation, output)) asked.insert(*std::move(path));
    }
  }
  store_.add_temporary_roots(asked);
  const auto valid = store_.valid_among(asked);
  std::vector<std::vector<std::string>> answers;
  for (const auto& question : questions) {
    auto& answer = answers.emplace_back();
    for (const auto& output : question.outputs) {
      const auto path = path_of(question.derivation, output);
      if (!path || !valid.contains(*path)) continue;
      answer.push_back(output);
      note(question.derivation, output, *path, false);
    }
  }
  return answers;
}

std::vector<std::map<std::string, StorePath>> KnownOutputs::present(
    const std::vector<const ResolvedRecipe*>& recipes) {
  std::set<DrvOutput> ids;
  for (const auto* recipe : recipes) {
    if (!recipe->drv_output_hash) continue;
    for (const auto& [output, how] : recipe->derivation.outputs) {
      ids.insert({*recipe->drv_output_hash, output});
    }
  }
  const auto realisations = store_.realisations(ids);
  std::set<StorePath> asked;
  std::vector<std::map<std::string, StorePath>> answers;
  for (const auto* recipe : recipes) {
    auto& answer = answers.emplace_back(recipe->outputs);
    if (recipe->drv_output_hash) {
      for (const auto& [output, how] : recipe->derivation.outputs) {
        const auto found = realisations.find({*recipe->drv_output_hash, output});
        if (found != realisations.end()) answer.emplace(output, found->second.out_path);
      }
    }
    for (const auto& [output, path] : answer) asked.insert(path);
  }
  store_.add_temporary_roots(asked);
  const auto valid = store_.valid_among(asked);
  for (auto& answer : answers) {
    std::erase_if(answer, [&](const auto& output) { return !valid.contains(output.second); });
  }
  return answers;
}

void KnownOutputs::add_fetchable(const Question& question, const std::vector<std::string>& present,
                                 Fetchable& fetchable) const {
  for (const auto& output : question.outputs) {
    if (std::find(present.begin(), present.end(), output) != present.end()) continue;
    if (auto known = path(question.derivation, output)) {
      fetchable.paths.insert(*std::move(known));
    } else if (auto of = id(question.derivation, output)) {
      fetchable.trace_keys.emplace(*of, BuildTraceKey{graph_.path(question.derivation), output});
      fetchable.ids.insert(*std::move(of));
    }
  }
}

void KnownOutputs::add_fetchable(const ResolvedRecipe& recipe,
                                 const std::map<std::string, StorePath>& present,
                                 Fetchable& fetchable) const {
  for (const auto& [output, how] : recipe.derivation.outputs) {
    if (present.contains(output)) continue;
    const auto known = recipe.outputs.find(output);
    if (known != recipe.outputs.end()) {
      fetchable.paths.insert(known->second);
    } else if (recipe.drv_output_hash) {
      const DrvOutput of{*recipe.drv_output_hash, output};
      fetchable.trace_keys.emplace(of, BuildTraceKey{recipe.path, output});
      fetchable.ids.insert(of);
    }
  }
}

void KnownOutputs::note(DerivationIndex derivation, const std::string& output,
                        const StorePath& path, bool ours) {
  const auto of = id(derivation, output);
  if (!of) {
    if (!graph_.output_path(derivation, output))
      impure_paths_.emplace(std::pair(derivation, output), path);
    return;
  }
  if (!graph_.output_path(derivation, output)) paths_.emplace(*of, path);
  if (keeps_ && registered_.insert(*of).second) learnt_.push_back({derivation, *of, path, ours});
}

void KnownOutputs::learn(DerivationIndex derivation,
                         const std::map<std::string, StorePath>& outputs, bool ours) {
  for (const auto& [output, path] : outputs) note(derivation, output, path, ours);
}

std::set<DrvOutput> KnownOutputs::input_ids(DerivationIndex derivation) const {
  std::set<DrvOutput> ids;
  for (const auto& edge : graph_.inputs(derivation)) {
    for (const auto& output : graph_.input_outputs(edge)) {
      if (auto of = id(edge.input, output)) ids.insert(*std::move(of));
    }
  }
  return ids;
}

void KnownOutputs::register_learnt() {
  std::vector<Realisation> realisations;
  for (const auto& learnt : learnt_) {
    Realisation realisation{learnt.id, learnt.path, {}};
    // As Nix has it: only what was resolved has a memory of what it was made from.
    if (depends_on_content(graph_.kind(learnt.derivation)) &&
        !graph_.inputs(learnt.derivation).empty()) {
      const auto info = store_.path_info(learnt.path);
      if (!info) continue;  // collected since; then nobody can ask for it by this id either
      realisation.dependencies = known_.among(input_ids(learnt.derivation), info->references);
    }
    if (learnt.ours && sign_) sign_(realisation);
    known_.learn(realisation);
    realisations.push_back(std::move(realisation));
  }
  learnt_.clear();
  if (!realisations.empty()) fault_point("build.before-learnt");
  for (auto& conflict : store_.register_realisations(realisations)) {
    conflicts_.push_back(std::move(conflict));
  }
}

std::map<std::string, Realisation> KnownOutputs::realisations(
    DerivationIndex derivation, const std::vector<std::string>& outputs) const {
  std::map<std::string, Realisation> found;
  for (const auto& output : outputs) {
    const auto of = id(derivation, output);
    const auto* realisation = of ? known_.find(*of) : nullptr;
    if (realisation != nullptr) found.emplace(output, *realisation);
  }
  return found;
}

}  // namespace grange
