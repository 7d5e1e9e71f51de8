#include "compare/recipe_text.h"

#include <algorithm>

#include "base/error.h"

namespace grange {

bool RecipeText::read(const DerivationGraph& graph, const DerivationReader& reader,
                      DerivationIndex index) {
  fields_ = {};
  text_.clear();
  if (graph.state(index) == DerivationGraph::State::missing) return false;
  try {
    if (!reader(graph.path(index), text_)) return false;
    read_aterm(graph.store_dir(), text_, fields_);
    return true;
  } catch (const Error&) {
    // What is wrong with it the graph has told already, or it went away or changed since.
    fields_ = {};
    return false;
  }
}

const AtermFields::Variable* RecipeText::variable(std::string_view raw_key) const {
  const auto found =
      std::lower_bound(fields_.variables.begin(), fields_.variables.end(), raw_key,
                       [&](const AtermFields::Variable& variable, std::string_view name) {
                         return less_unescaped(of(variable.key), name);
                       });
  if (found == fields_.variables.end() || of(found->key) != raw_key) return nullptr;
  return &*found;
}

}  // namespace grange
