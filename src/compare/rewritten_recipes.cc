#include "compare/rewritten_recipes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/parallel.h"
#include "base/text.h"
#include "compare/closure_sides.h"
#include "compare/field_differences.h"
#include "compare/suspicion.h"
#include "derivation/aterm.h"

namespace grange {
namespace {

/// With how many of the base's recipes a new one is compared at most, those with equivalent inputs
/// first: what keeps the whole linear where an output set has very many recipes.
constexpr std::size_t kMaxCandidates = 8;

/// The recipes of one output set.
struct Recipes {
  OutputSetId output_set;
  std::vector<DerivationIndex> base;  ///< all of the base side
  std::vector<DerivationIndex> head;  ///< those that only the head side has
};

std::vector<Recipes> group_recipes(const DerivationGraph& graph, const ClosureSides& sides) {
  std::unordered_map<OutputSetId, std::size_t> numbers;
  std::vector<Recipes> groups;
  const auto output_set_of = [&](DerivationIndex index) -> std::optional<OutputSetId> {
    if (graph.state(index) != DerivationGraph::State::verified) return std::nullopt;
    if (graph.kind(index) != DerivationKind::fixed) return std::nullopt;
    return graph.output_set(index);
  };
  for (DerivationIndex index = 0; index < graph.size(); ++index) {
    if (!sides.only_in_head(index)) continue;
    const auto output_set = output_set_of(index);
    if (!output_set) continue;
    const auto [at, is_new] = numbers.try_emplace(*output_set, groups.size());
    if (is_new) groups.push_back({*output_set, {}, {}});
    groups[at->second].head.push_back(index);
  }
  if (groups.empty()) return groups;
  for (DerivationIndex index = 0; index < graph.size(); ++index) {
    if (!sides.in_base(index)) continue;
    const auto output_set = output_set_of(index);
    if (!output_set) continue;
    if (const auto at = numbers.find(*output_set); at != numbers.end()) {
      groups[at->second].base.push_back(index);
    }
  }
  std::erase_if(groups, [](const Recipes& group) { return group.base.empty(); });
  return groups;
}

struct RecipeText {
  DerivationIndex index;
  std::string text;
  std::string inputs;  ///< what it uses, equal for equivalent inputs
};

/// A recipe with its inputs replaced by what they are equivalent to, without parsing it: all of the
/// text but the list of inputs, and `inputs`. Nothing where the text is not of the usual form.
std::optional<std::string> own_text(const RecipeText& recipe) {
  // In a fixed-output derivation nothing before the inputs can hold these brackets within a string,
  // nor can an input.
  const std::string_view text = recipe.text;
  if (!text.starts_with("Derive([(")) return std::nullopt;
  const auto outputs_end = text.find(")],[");
  if (outputs_end == text.npos) return std::nullopt;
  const auto inputs_begin = outputs_end + 4;
  std::size_t inputs_end = inputs_begin;
  if (text.substr(inputs_begin).starts_with('(')) {
    inputs_end = text.find("])],[", inputs_begin);
    if (inputs_end == text.npos) return std::nullopt;
  }
  std::string own;
  own.reserve(text.size() + recipe.inputs.size());
  return own.append(text.substr(0, inputs_begin))
      .append(text.substr(inputs_end))
      .append(1, '\0')
      .append(recipe.inputs);
}

/// Both sides of those fields that are texts.
std::vector<FieldDifference> text_differences(const Derivation& base, const Derivation& head,
                                              const std::vector<std::string>& fields) {
  const auto value = [](const Derivation& derivation,
                        const std::string& field) -> std::optional<std::string> {
    if (field == "system") return derivation.system;
    if (field == "builder") return derivation.builder;
    if (field == "args") return join(derivation.arguments, "\n");
    if (!field.starts_with("env.")) return std::nullopt;
    const auto found = derivation.variable(std::string_view(field).substr(4));
    return found ? std::optional<std::string>(*found) : std::nullopt;
  };
  std::vector<FieldDifference> differences;
  for (const auto& field : fields) {
    FieldDifference difference{field, value(base, field), value(head, field)};
    if (difference.base || difference.head) differences.push_back(std::move(difference));
  }
  return differences;
}

/// Finds what was rewritten within one output set. Used by one thread.
class RecipeComparison {
 public:
  RecipeComparison(const DerivationGraph& graph, const DerivationReader& read,
                   const Recipes& recipes)
      : graph_(graph), read_(read), recipes_(recipes) {}

  std::optional<RewrittenRecipe> run() {
    base_ = read_all_of(recipes_.base);
    std::unordered_set<std::string> known;
    for (const auto& recipe : base_) {
      if (auto own = own_text(recipe)) known.insert(std::move(*own));
    }
    for (const auto& recipe : read_all_of(recipes_.head)) {
      const auto own = own_text(recipe);
      if (!own || !known.contains(*own)) compare(recipe);
    }
    if (best_) best_->recipes = rewritten_;
    return std::move(best_);
  }

 private:
  std::vector<RecipeText> read_all_of(const std::vector<DerivationIndex>& indices) const {
    std::vector<RecipeText> texts;
    texts.reserve(indices.size());
    for (const auto index : indices) {
      RecipeText recipe{index, {}, equivalent_inputs(graph_, index)};
      // One that went away since the graph was loaded can be told nothing about.
      if (read_(graph_.path(index), recipe.text)) texts.push_back(std::move(recipe));
    }
    return texts;
  }

  /// The closest of the base's recipes; nothing when one differs only through its inputs.
  void compare(const RecipeText& head) {
    const RecipeFields head_fields = fields_of(head);
    std::optional<RewrittenRecipe> closest;
    for (const auto* candidate : candidates(head)) {
      const RecipeFields base_fields = fields_of(*candidate);
      auto fields = differing_fields(graph_, base_fields, head_fields);
      if (fields.empty()) return;
      auto differences = text_differences(base_fields.derivation, head_fields.derivation, fields);
      const bool suspicious = is_suspicious(differences);
      RewrittenRecipe found{graph_.path(candidate->index),
                            graph_.path(head.index),
                            recipes_.output_set,
                            std::move(fields),
                            1,
                            std::move(differences),
                            suspicious};
      if (!closest || is_closer(found, *closest)) closest = std::move(found);
    }
    if (!closest) return;
    ++rewritten_;
    if (!best_ || is_closer(*closest, *best_)) best_ = std::move(closest);
  }

  std::vector<const RecipeText*> candidates(const RecipeText& head) {
    if (by_inputs_.empty()) {
      for (const auto& recipe : base_) by_inputs_.emplace(recipe.inputs, &recipe);
    }
    std::vector<const RecipeText*> chosen;
    const auto [begin, end] = by_inputs_.equal_range(head.inputs);
    for (auto at = begin; at != end && chosen.size() < kMaxCandidates; ++at) {
      chosen.push_back(at->second);
    }
    for (const auto& recipe : base_) {
      if (chosen.size() >= kMaxCandidates) break;
      if (recipe.inputs != head.inputs) chosen.push_back(&recipe);
    }
    return chosen;
  }

  RecipeFields fields_of(const RecipeText& recipe) const {
    return {recipe.index, parse_aterm(graph_.store_dir(),
                                      graph_.path(recipe.index).derivation_name(), recipe.text)};
  }

  static bool is_closer(const RewrittenRecipe& a, const RewrittenRecipe& b) {
    if (a.fields.size() != b.fields.size()) return a.fields.size() < b.fields.size();
    return std::tie(a.base, a.head) < std::tie(b.base, b.head);
  }

  const DerivationGraph& graph_;
  const DerivationReader& read_;
  const Recipes& recipes_;
  std::vector<RecipeText> base_;
  std::unordered_multimap<std::string_view, const RecipeText*> by_inputs_;
  std::optional<RewrittenRecipe> best_;
  std::size_t rewritten_ = 0;
};

}  // namespace

std::vector<RewrittenRecipe> find_rewritten_recipes(const DerivationGraph& graph,
                                                    std::span<const DerivationIndex> base_roots,
                                                    std::span<const DerivationIndex> head_roots,
                                                    const DerivationReader& read) {
  const auto groups = group_recipes(graph, ClosureSides(graph, base_roots, head_roots));
  std::vector<std::optional<RewrittenRecipe>> found(groups.size());
  parallel_for(groups.size(), processor_count(),
               [&](std::size_t i) { found[i] = RecipeComparison(graph, read, groups[i]).run(); });
  std::vector<RewrittenRecipe> rewritten;
  for (auto& recipe : found) {
    if (recipe) rewritten.push_back(std::move(*recipe));
  }
  std::sort(rewritten.begin(), rewritten.end(),
            [](const RewrittenRecipe& a, const RewrittenRecipe& b) {
              const auto key = [](const RewrittenRecipe& recipe) {
                return std::tuple(recipe.head.name(), std::tie(recipe.head));
              };
              return key(a) < key(b);
            });
  return rewritten;
}

}  // namespace grange
