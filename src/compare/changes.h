#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/recipe_differences.h"
#include "derivation/derivation_graph.h"
#include "derivation/target_map.h"

namespace grange {

/// A changed derivation whose own fields differ from its counterpart's.
struct Cause {
  DerivationIndex base;
  DerivationIndex head;
  std::vector<FieldDifference> fields;
  std::size_t targets = 0;            ///< changed labels that it touches
  std::size_t targets_alone = 0;      ///< those that nothing else touches
  std::size_t derivations = 0;        ///< changed derivations that it touches, itself included
  std::size_t derivations_alone = 0;  ///< those that nothing else touches
};

/// What is between two target maps: every derivation that the head needs and the base does not
/// promise is a *cause*, *cascade* (it changed only because an input did), or *new* (it stands for
/// nothing of the base; whoever uses it is a cause).
///
/// A cause touches what lies above it, up to fixed outputs: what these promise does not depend on
/// how they are fetched.
class Changes {
 public:
  enum class Kind : std::uint8_t { unchanged, cause, cascade, fresh };

  /// Pure. `graph` must hold the closures of `derivations_to_explain`.
  static Changes find(const TargetMap& base, const TargetMap& head, const DerivationGraph& graph,
                      const DerivationReader& read, const SourceReader& read_source = {});

  /// Those that touch most targets first, then most derivations, then by name.
  const std::vector<Cause>& causes() const { return causes_; }
  /// For every changed or new label, its causes: ascending indices into `causes`.
  const std::map<std::string, std::vector<std::uint32_t>, std::less<>>& causes_of_targets() const {
    return targets_;
  }
  /// What the head needs and the base does not promise, inputs before what uses them.
  const std::vector<DerivationIndex>& changed() const { return changed_; }
  std::size_t cascade() const { return count(Kind::cascade); }
  std::size_t fresh() const { return count(Kind::fresh); }

  Kind kind(DerivationIndex index) const { return kinds_[index]; }
  /// What a changed derivation was; nothing for a new one.
  std::optional<DerivationIndex> counterpart(DerivationIndex head) const;
  /// The index into `causes` of a cause.
  std::optional<std::uint32_t> cause(DerivationIndex head) const;

 private:
  void attribute(const DerivationGraph& graph, const std::vector<DerivationIndex>& needed,
                 const std::vector<std::string_view>& labels, const TargetMap& base);
  std::size_t count(Kind kind) const;

  std::vector<Cause> causes_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> targets_;
  std::vector<DerivationIndex> changed_;
  std::vector<Kind> kinds_;                       ///< by derivation
  std::vector<DerivationIndex> counterparts_;     ///< by derivation
  std::vector<std::uint32_t> numbers_of_causes_;  ///< by derivation
};

/// The derivations whose closures `Changes::find` looks at: the head's, and the base's where a
/// label stands for another one or for nothing now. Nothing where there is no such label: what the
/// head has beyond the base is then new.
std::vector<StorePath> derivations_to_explain(const TargetMap& base, const TargetMap& head);

}  // namespace grange
