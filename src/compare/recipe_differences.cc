#include "compare/recipe_differences.h"

#include <algorithm>

namespace grange {
namespace {

std::string unescaped(const RecipeText& recipe, TextSpan span) {
  return unescape_aterm(recipe.of(span));
}

/// An item per line.
template <typename Items, typename Print>
std::string lines_of(const Items& items, const Print& print) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += '\n';
    text += print(item);
  }
  return text;
}

std::string output_line(const RecipeText& recipe, const AtermFields::Output& output) {
  std::string line(recipe.of(output.name));
  if (output.method.length > 0) line.append(" ").append(recipe.of(output.method));
  if (output.digest.length > 0) line.append(":").append(recipe.of(output.digest));
  return line;
}

/// Calls `visit` with the variables of both sides in step, null where a side has none.
template <typename Visit>
void for_each_variable(const RecipeText& base, const RecipeText& head, const Visit& visit) {
  auto b = base.fields().variables.begin();
  auto h = head.fields().variables.begin();
  const auto b_end = base.fields().variables.end();
  const auto h_end = head.fields().variables.end();
  while (b != b_end || h != h_end) {
    const bool in_base =
        b != b_end && (h == h_end || !less_unescaped(head.of(h->key), base.of(b->key)));
    const bool in_head =
        h != h_end && (b == b_end || !less_unescaped(base.of(b->key), head.of(h->key)));
    if (!visit(in_base ? &*b : nullptr, in_head ? &*h : nullptr)) return;
    if (in_base) ++b;
    if (in_head) ++h;
  }
}

}  // namespace

bool RecipeComparer::read_both(DerivationIndex base, DerivationIndex head) {
  sources_.clear();
  if (!base_.read(graph_, read_, base) || !head_.read(graph_, read_, head)) return false;
  find_recipe_sources(base, head);
  return true;
}

bool RecipeComparer::differ(DerivationIndex base, DerivationIndex head) {
  if (inputs_differ(base, head)) return true;
  if (!read_both(base, head)) return true;
  if (graph_.derivation_name(base) != graph_.derivation_name(head)) return true;
  if (base_.of(base_.fields().system) != head_.of(head_.fields().system)) return true;
  if (outputs_differ() || sources_differ() || arguments_differ()) return true;
  if (!say_the_same(base_.fields().builder, head_.fields().builder)) return true;
  bool same = true;
  for_each_variable(base_, head_, [&](const auto* b, const auto* h) {
    same = b != nullptr && h != nullptr && say_the_same(b->value, h->value);
    return same;
  });
  return !same || recipe_sources_differ(base, head);
}

std::vector<FieldDifference> RecipeComparer::differences(DerivationIndex base,
                                                         DerivationIndex head) {
  std::vector<FieldDifference> result;
  const auto add = [&](std::string field, std::string b, std::string h) {
    result.push_back({std::move(field), std::move(b), std::move(h)});
  };
  if (graph_.derivation_name(base) != graph_.derivation_name(head)) {
    add("name", std::string(graph_.derivation_name(base)),
        std::string(graph_.derivation_name(head)));
  }
  if (!read_both(base, head)) {
    // Of one that is not there not even the inputs are known.
    add("recipe", std::string(graph_.base_name(base)), std::string(graph_.base_name(head)));
    return result;
  }
  const auto& b = base_.fields();
  const auto& h = head_.fields();
  if (base_.of(b.system) != head_.of(h.system)) {
    add("system", unescaped(base_, b.system), unescaped(head_, h.system));
  }
  if (!say_the_same(b.builder, h.builder)) {
    add("builder", unescaped(base_, b.builder), unescaped(head_, h.builder));
  }
  if (arguments_differ()) {
    add("args", lines_of(b.arguments, [&](TextSpan s) { return unescaped(base_, s); }),
        lines_of(h.arguments, [&](TextSpan s) { return unescaped(head_, s); }));
  }
  for_each_variable(base_, head_, [&](const auto* before, const auto* after) {
    if (before && after && say_the_same(before->value, after->value)) return true;
    FieldDifference difference;
    difference.field =
        "env." + (before ? unescaped(base_, before->key) : unescaped(head_, after->key));
    if (before) difference.base = unescaped(base_, before->value);
    if (after) difference.head = unescaped(head_, after->value);
    result.push_back(std::move(difference));
    return true;
  });
  add_input_differences(base, head, result);
  if (sources_differ()) {
    const auto names = [&](const RecipeText& recipe) {
      return lines_of(recipe.fields().sources, [&](TextSpan source) {
        return std::string(recipe.of(source).substr(graph_.store_dir().str().size() + 1));
      });
    };
    add("sources", names(base_), names(head_));
  }
  if (recipe_sources_differ(base, head)) {
    std::string before, after;
    const auto b_source = graph_.store_dir().parse_path(*recipe_source(base_, base));
    const auto h_source = graph_.store_dir().parse_path(*recipe_source(head_, head));
    if (!read_source_ || !read_source_(b_source, before)) before = b_source.base_name();
    if (!read_source_ || !read_source_(h_source, after)) after = h_source.base_name();
    add("recipe source", std::move(before), std::move(after));
  }
  if (outputs_differ()) {
    add("outputs", lines_of(b.outputs, [&](const auto& o) { return output_line(base_, o); }),
        lines_of(h.outputs, [&](const auto& o) { return output_line(head_, o); }));
  }
  return result;
}

std::vector<RecipeComparer::UsedInput> RecipeComparer::used_inputs(DerivationIndex recipe) const {
  std::vector<UsedInput> inputs;
  for (const auto& edge : graph_.inputs(recipe)) {
    inputs.push_back({identities_.of(edge.input), edge.input, &edge});
  }
  std::sort(inputs.begin(), inputs.end(),
            [](const UsedInput& a, const UsedInput& b) { return a.identity < b.identity; });
  return inputs;
}

bool RecipeComparer::inputs_differ(DerivationIndex base, DerivationIndex head) const {
  const auto before = used_inputs(base);
  const auto after = used_inputs(head);
  // Two inputs of one identity: which outputs are used of each of them is their texts' affair.
  return !std::equal(before.begin(), before.end(), after.begin(), after.end(),
                     [&](const UsedInput& b, const UsedInput& h) {
                       return b.identity == h.identity && graph_.same_outputs(*b.edge, *h.edge);
                     });
}

std::string RecipeComparer::input_text(const UsedInput& input) const {
  std::string text(graph_.derivation_name(input.index));
  auto outputs = graph_.input_outputs(*input.edge);
  if (outputs == std::vector<std::string>{"out"}) return text;
  std::sort(outputs.begin(), outputs.end());
  text += '!';
  for (std::size_t i = 0; i < outputs.size(); ++i) text += (i > 0 ? "," : "") + outputs[i];
  return text;
}

/// Those without a counterpart among the other's, or of which other outputs are used.
void RecipeComparer::add_input_differences(DerivationIndex base, DerivationIndex head,
                                           std::vector<FieldDifference>& result) const {
  const auto before = used_inputs(base);
  const auto after = used_inputs(head);
  const auto without = [&](const std::vector<UsedInput>& some,
                           const std::vector<UsedInput>& others) {
    std::vector<std::string> texts;
    for (const auto& input : some) {
      const bool paired = std::any_of(others.begin(), others.end(), [&](const UsedInput& other) {
        return other.identity == input.identity && graph_.same_outputs(*other.edge, *input.edge);
      });
      if (!paired) texts.push_back(input_text(input));
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  };
  const auto removed = without(before, after);
  const auto added = without(after, before);
  if (removed.empty() && added.empty()) return;
  const auto text = [](const std::vector<std::string>& texts) -> std::optional<std::string> {
    if (texts.empty()) return std::nullopt;
    return lines_of(texts, [](const std::string& line) { return line; });
  };
  result.push_back({"inputs", text(removed), text(added)});
}

bool RecipeComparer::say_the_same(TextSpan base, TextSpan head) const {
  return identities_.say_the_same(base_.of(base), head_.of(head), sources_);
}

bool RecipeComparer::outputs_differ() const {
  const auto& b = base_.fields().outputs;
  const auto& h = head_.fields().outputs;
  return !std::equal(b.begin(), b.end(), h.begin(), h.end(),
                     [&](const AtermFields::Output& x, const AtermFields::Output& y) {
                       return base_.of(x.name) == head_.of(y.name) &&
                              base_.of(x.method) == head_.of(y.method) &&
                              base_.of(x.digest) == head_.of(y.digest);
                     });
}

bool RecipeComparer::sources_differ() const {
  const auto prefix = graph_.store_dir().str().size() + 1;
  const auto is_recipe = [&](std::string_view path) {
    return std::any_of(sources_.begin(), sources_.end(), [&](const auto& pair) {
      const auto digest = path.substr(prefix, StorePath::kHashLength);
      return digest == pair.first || digest == pair.second;
    });
  };
  const auto others = [&](const RecipeText& recipe) {
    std::vector<std::string_view> paths;
    for (const auto source : recipe.fields().sources) {
      if (!is_recipe(recipe.of(source))) paths.push_back(recipe.of(source));
    }
    return paths;
  };
  return others(base_) != others(head_);
}

bool RecipeComparer::arguments_differ() const {
  const auto& b = base_.fields().arguments;
  const auto& h = head_.fields().arguments;
  return !std::equal(b.begin(), b.end(), h.begin(), h.end(),
                     [&](TextSpan x, TextSpan y) { return say_the_same(x, y); });
}

std::optional<std::string_view> RecipeComparer::recipe_source(const RecipeText& recipe,
                                                              DerivationIndex index) const {
  const std::string name = std::string(graph_.derivation_name(index)) + "-builder";
  const auto begin = graph_.store_dir().str().size() + 1 + StorePath::kHashLength + 1;
  for (const auto source : recipe.fields().sources) {
    const auto path = recipe.of(source);
    if (path.size() > begin && path.substr(begin) == name) return path;
  }
  return std::nullopt;
}

/// Guix keeps a recipe's code in a source of its own, named after it, which mentions the outputs of
/// inputs: its digest changes with them (guix-derivations.md, 2).
void RecipeComparer::find_recipe_sources(DerivationIndex base, DerivationIndex head) {
  const auto b = recipe_source(base_, base);
  const auto h = recipe_source(head_, head);
  if (!b || !h || *b == *h) return;
  const auto prefix = graph_.store_dir().str().size() + 1;
  sources_.emplace_back(b->substr(prefix, StorePath::kHashLength),
                        h->substr(prefix, StorePath::kHashLength));
}

bool RecipeComparer::recipe_sources_differ(DerivationIndex base, DerivationIndex head) const {
  if (sources_.empty()) return false;
  std::string before, after;
  if (read_source_ &&
      read_source_(graph_.store_dir().parse_path(*recipe_source(base_, base)), before) &&
      read_source_(graph_.store_dir().parse_path(*recipe_source(head_, head)), after)) {
    return !identities_.say_the_same(before, after, sources_);
  }
  // Their code is not at hand. Where an input changed, its path is what the code mentions.
  return std::none_of(graph_.inputs(head).begin(), graph_.inputs(head).end(),
                      [&](const auto& edge) { return promises_.is_changed(edge.input); });
}

}  // namespace grange
