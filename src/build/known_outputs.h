#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "build/fetchable.h"
#include "build/known_realisations.h"
#include "build/resolved_recipe.h"
#include "derivation/derivation_graph.h"
#include "store/local_store.h"

namespace grange {

/// Adds signatures to a realisation before it is registered.
using SignRealisation = std::function<void(Realisation& realisation)>;

/// Where the outputs of a graph's derivations are, as far as one run knows: because their paths do
/// not depend on content, or from realisations that it met. What it has once used stays so for the
/// whole run, and is given a temporary root before it is looked at. One owner.
class KnownOutputs {
 public:
  /// `sign` adds signatures to realisations of what was made here; may be empty.
  KnownOutputs(const DerivationGraph& graph, LocalStore& store, SignRealisation sign = {});

  /// Nothing while nobody knows.
  std::optional<StorePath> path(DerivationIndex derivation, const std::string& output) const;
  /// Does this run register realisations (because its store keeps them, or something in the graph
  /// cannot do without)?
  bool keeps_realisations() const { return keeps_; }

  /// Outputs of one derivation that somebody asks about.
  struct Question {
    DerivationIndex derivation;
    std::vector<std::string> outputs;
  };
  /// For each question, which of the outputs are valid: the store is asked once for all.
  std::vector<std::vector<std::string>> present(const std::vector<Question>& questions);
  /// For each recipe, which outputs are valid: what its derivation need not be made for.
  std::vector<std::map<std::string, StorePath>> present(
      const std::vector<const ResolvedRecipe*>& recipes);

  /// Adds what somebody else may have of outputs that are not present here.
  void add_fetchable(const Question& question, const std::vector<std::string>& present,
                     Fetchable& fetchable) const;
  void add_fetchable(const ResolvedRecipe& recipe, const std::map<std::string, StorePath>& present,
                     Fetchable& fetchable) const;

  /// What a derivation came to, by an attempt or because it was there once it was resolved: inputs
  /// before what uses them. `ours`: it is this run that says so, and signs it.
  void learn(DerivationIndex derivation, const std::map<std::string, StorePath>& outputs,
             bool ours);
  /// Registers the realisations of what was learnt since, under the derivations' own ids.
  void register_learnt();
  std::size_t learnt() const { return learnt_.size(); }

  /// Known realisations of outputs, under the derivation's own id.
  std::map<std::string, Realisation> realisations(DerivationIndex derivation,
                                                  const std::vector<std::string>& outputs) const;
  /// Realisations of ours that lost against earlier ones.
  const std::vector<RealisationConflict>& conflicts() const { return conflicts_; }

 private:
  struct Learnt {
    DerivationIndex derivation;
    DrvOutput id;
    StorePath path;
    bool ours;
  };
  std::optional<DrvOutput> id(DerivationIndex derivation, const std::string& output) const;
  std::set<DrvOutput> input_ids(DerivationIndex derivation) const;
  void note(DerivationIndex derivation, const std::string& output, const StorePath& path,
            bool ours);

  const DerivationGraph& graph_;
  LocalStore& store_;
  const SignRealisation sign_;
  bool keeps_;
  std::map<DrvOutput, StorePath> paths_;
  /// Of impure ones, which have no ids.
  std::map<std::pair<DerivationIndex, std::string>, StorePath> impure_paths_;
  KnownRealisations known_;
  std::set<DrvOutput> registered_;
  std::vector<Learnt> learnt_;  ///< not registered yet
  std::vector<RealisationConflict> conflicts_;
};

}  // namespace grange
