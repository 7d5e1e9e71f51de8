#include "compare/field_differences.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/encoding.h"
#include "derivation/package_name.h"

namespace grange {
namespace {

struct Input {
  DerivationIndex index;
  std::vector<std::string> outputs;  ///< sorted
  std::string promise;               ///< equal for equivalent inputs used alike
};

std::string used_outputs(const std::vector<std::string>& outputs) {
  std::string text;
  for (const auto& output : outputs) text.append(output).append(1, ',');
  return text;
}

/// By promise: what has none is equivalent to nothing but itself.
std::vector<Input> sorted_inputs(const DerivationGraph& graph, DerivationIndex recipe) {
  std::vector<Input> inputs;
  for (const auto& edge : graph.inputs(recipe)) {
    Input input{edge.input, graph.input_outputs(edge), {}};
    std::sort(input.outputs.begin(), input.outputs.end());
    const auto output_set = graph.output_set(edge.input);
    input.promise =
        output_set ? std::string(as_text(output_set->bytes())) : graph.path(edge.input).base_name();
    input.promise.append(1, ':').append(used_outputs(input.outputs));
    inputs.push_back(std::move(input));
  }
  std::sort(inputs.begin(), inputs.end(),
            [](const Input& a, const Input& b) { return a.promise < b.promise; });
  return inputs;
}

/// Replaces store paths in texts by marks that both sides share.
class PathMarks {
 public:
  explicit PathMarks(const StoreDir& store) : prefix_(store.str() + "/") {}

  void add(const StorePath& path, std::size_t mark) {
    marks_.insert_or_assign(path.base_name(), "\x01" + std::to_string(mark) + "\x01");
  }

  std::string apply(const std::string& text) const {
    if (marks_.empty()) return text;
    std::string result;
    std::size_t from = 0;
    for (auto at = text.find(prefix_); at != std::string::npos; at = text.find(prefix_, at)) {
      at += prefix_.size();
      const auto name = longest_name(std::string_view(text).substr(at));
      const auto mark = marks_.find(std::string(name));
      if (mark == marks_.end()) continue;
      result.append(text, from, at - from).append(mark->second);
      from = at += name.size();
    }
    return result.append(text, from);
  }

 private:
  static std::string_view longest_name(std::string_view text) {
    std::size_t length = 0;
    const auto limit =
        std::min(text.size(), StorePath::kHashLength + 1 + StorePath::kMaxNameLength);
    while (length < limit && (std::isalnum(static_cast<unsigned char>(text[length])) != 0 ||
                              std::string_view("+-._?=").find(text[length]) != text.npos)) {
      ++length;
    }
    return text.substr(0, length);
  }

  std::string prefix_;
  std::unordered_map<std::string, std::string> marks_;
};

/// Pairs the inputs of two recipes and knows the marks that their paths get. Inputs of one package
/// that are used alike get one mark: which of them is the counterpart of which cannot be told.
class InputPairs {
 public:
  InputPairs(const DerivationGraph& graph, DerivationIndex base, DerivationIndex head)
      : graph_(graph), base_marks_(graph.store_dir()), head_marks_(graph.store_dir()) {
    std::vector<Input> base_rest, head_rest;
    pair_equivalent(sorted_inputs(graph, base), sorted_inputs(graph, head), base_rest, head_rest);
    pair_by_package(base_rest, head_rest);
  }

  /// Is there an input that has no counterpart?
  bool differ() const { return differ_; }
  const PathMarks& base_marks() const { return base_marks_; }
  const PathMarks& head_marks() const { return head_marks_; }

 private:
  void pair_equivalent(std::vector<Input> base, std::vector<Input> head,
                       std::vector<Input>& base_rest, std::vector<Input>& head_rest) {
    auto b = base.begin();
    auto h = head.begin();
    while (b != base.end() && h != head.end()) {
      if (b->promise == h->promise) {
        // Output paths are equal already; the path of the .drv may be what a text mentions.
        mark(base_marks_, *b, b->promise, {});
        mark(head_marks_, *h, h->promise, {});
        ++b, ++h;
      } else if (b->promise < h->promise) {
        base_rest.push_back(std::move(*b++));
      } else {
        head_rest.push_back(std::move(*h++));
      }
    }
    std::move(b, base.end(), std::back_inserter(base_rest));
    std::move(h, head.end(), std::back_inserter(head_rest));
  }

  void pair_by_package(const std::vector<Input>& base, const std::vector<Input>& head) {
    std::map<std::string, std::ptrdiff_t> surplus;  // of the base's inputs over the head's
    for (const auto& input : base) {
      ++surplus[package_key(input)];
      mark(base_marks_, input, package_key(input), input.outputs);
    }
    for (const auto& input : head) {
      --surplus[package_key(input)];
      mark(head_marks_, input, package_key(input), input.outputs);
    }
    differ_ = std::any_of(surplus.begin(), surplus.end(),
                          [](const auto& entry) { return entry.second != 0; });
  }

  std::string package_key(const Input& input) const {
    const auto path = graph_.path(input.index);
    return std::string(package_name(path.derivation_name())) + ":" + used_outputs(input.outputs);
  }

  /// Marks the derivation and the named outputs of an input.
  void mark(PathMarks& marks, const Input& input, const std::string& key,
            const std::vector<std::string>& outputs) {
    marks.add(graph_.path(input.index), number_of(key + "!"));
    for (const auto& output : outputs) {
      if (const auto path = graph_.output_path(input.index, output)) {
        marks.add(*path, number_of(key + "!" + output));
      }
    }
  }

  std::size_t number_of(std::string key) {
    return numbers_.try_emplace(std::move(key), numbers_.size()).first->second;
  }

  const DerivationGraph& graph_;
  PathMarks base_marks_, head_marks_;
  std::map<std::string, std::size_t> numbers_;
  bool differ_ = false;
};

/// Both sides' environments in step; a variable that only one has differs.
void compare_environments(const Derivation& base, const Derivation& head, const InputPairs& pairs,
                          std::set<std::string>& fields) {
  for (const auto& [key, value] : base.environment) {
    const auto found = head.environment.find(key);
    if (found == head.environment.end() ||
        (value != found->second &&
         pairs.base_marks().apply(value) != pairs.head_marks().apply(found->second))) {
      fields.insert("env." + key);
    }
  }
  for (const auto& [key, value] : head.environment) {
    if (!base.environment.contains(key)) fields.insert("env." + key);
  }
}

bool arguments_differ(const Derivation& base, const Derivation& head, const InputPairs& pairs) {
  return !std::equal(base.arguments.begin(), base.arguments.end(), head.arguments.begin(),
                     head.arguments.end(), [&](const std::string& b, const std::string& h) {
                       return b == h || pairs.base_marks().apply(b) == pairs.head_marks().apply(h);
                     });
}

}  // namespace

std::vector<std::string> differing_fields(const DerivationGraph& graph, const RecipeFields& base,
                                          const RecipeFields& head) {
  const Derivation& b = base.derivation;
  const Derivation& h = head.derivation;
  const InputPairs pairs(graph, base.index, head.index);
  std::set<std::string> fields;
  if (b.name != h.name) fields.insert("name");
  if (b.system != h.system) fields.insert("system");
  if (b.input_sources != h.input_sources) fields.insert("sources");
  if (pairs.differ()) fields.insert("inputs");
  if (pairs.base_marks().apply(b.builder) != pairs.head_marks().apply(h.builder)) {
    fields.insert("builder");
  }
  if (arguments_differ(b, h, pairs)) fields.insert("args");
  compare_environments(b, h, pairs, fields);
  return {fields.begin(), fields.end()};
}

std::string equivalent_inputs(const DerivationGraph& graph, DerivationIndex recipe) {
  std::string text;
  for (const auto& input : sorted_inputs(graph, recipe)) {
    text.append(input.promise).append(1, ';');
  }
  return text;
}

}  // namespace grange
