#include "compare/input_pairing.h"

#include <algorithm>
#include <string>

#include "compare/likeness.h"
#include "derivation/package_name.h"
#include "derivation/placeholder.h"

namespace grange {
namespace {

constexpr std::uint64_t kNoRole = ~std::uint64_t{0};

/// Beyond so many leftovers on a side nothing is compared with everything.
constexpr std::size_t kMaxAlike = 32;

/// How often paths of the store are mentioned in `text`.
std::size_t count_paths(std::string_view store, std::string_view text) {
  std::size_t count = 0;
  for_each_store_name(store, text, [&](std::size_t) { ++count; });
  return count;
}

}  // namespace

InputPairing::InputPairing(const DerivationGraph& graph, const ClosureSides& sides,
                           const Promises& promises, const DerivationReader& read)
    : graph_(graph), promises_(promises), read_(read) {
  for (DerivationIndex index = 0; index < graph.size(); ++index) {
    if (sides.in_head(index)) head_packages_.insert(package_name(graph.derivation_name(index)));
  }
}

const std::vector<InputPairing::Pair>& InputPairing::pair(DerivationIndex base,
                                                          DerivationIndex head) {
  base_ = base;
  head_ = head;
  have_texts_ = false;
  pairs_.clear();
  base_rest_.clear();
  head_rest_.clear();
  find_unequal(base, head);
  if (!base_inputs_.empty() && !head_inputs_.empty()) {
    pair_by_name();
    if (!base_rest_.empty() && !head_rest_.empty()) pair_by_role(base_rest_, head_rest_, true);
  }
  return pairs_;
}

/// Inputs without an equal one on the other side; of the head's only what changed: anything else
/// is in the base already, and stands for itself.
void InputPairing::find_unequal(DerivationIndex base, DerivationIndex head) {
  const auto gather = [&](DerivationIndex recipe, Inputs& inputs) {
    inputs.clear();
    for (const auto& edge : graph_.inputs(recipe)) inputs.push_back(edge.input);
    std::sort(inputs.begin(), inputs.end(), [&](DerivationIndex a, DerivationIndex b) {
      return promises_.of(a) < promises_.of(b);
    });
  };
  gather(base, base_inputs_);
  gather(head, head_inputs_);
  const auto without = [&](const Inputs& some, const Inputs& others, Inputs& result) {
    auto other = others.begin();
    for (const auto input : some) {
      while (other != others.end() && promises_.of(*other) < promises_.of(input)) ++other;
      if (other == others.end() || promises_.of(*other) != promises_.of(input)) {
        result.push_back(input);
      }
    }
  };
  Inputs base_only, head_only;
  without(base_inputs_, head_inputs_, base_only);
  without(head_inputs_, base_inputs_, head_only);
  std::erase_if(head_only, [&](DerivationIndex input) { return !promises_.is_changed(input); });
  base_inputs_ = std::move(base_only);
  head_inputs_ = std::move(head_only);
}

void InputPairing::pair_by_name() {
  const auto package = [&](DerivationIndex index) {
    return package_name(graph_.derivation_name(index));
  };
  const auto by_name = [&](DerivationIndex a, DerivationIndex b) {
    return std::pair(package(a), a) < std::pair(package(b), b);
  };
  std::sort(base_inputs_.begin(), base_inputs_.end(), by_name);
  std::sort(head_inputs_.begin(), head_inputs_.end(), by_name);
  Inputs base_group, head_group;
  std::size_t b = 0, h = 0;
  while (b < base_inputs_.size() || h < head_inputs_.size()) {
    const bool from_base =
        h == head_inputs_.size() ||
        (b < base_inputs_.size() && package(base_inputs_[b]) <= package(head_inputs_[h]));
    const auto name = package(from_base ? base_inputs_[b] : head_inputs_[h]);
    base_group.clear();
    head_group.clear();
    while (b < base_inputs_.size() && package(base_inputs_[b]) == name) {
      base_group.push_back(base_inputs_[b++]);
    }
    while (h < head_inputs_.size() && package(head_inputs_[h]) == name) {
      head_group.push_back(head_inputs_[h++]);
    }
    if (!base_group.empty() && !head_group.empty()) pair_group(base_group, head_group);
    base_rest_.insert(base_rest_.end(), base_group.begin(), base_group.end());
    head_rest_.insert(head_rest_.end(), head_group.begin(), head_group.end());
  }
}

/// Inputs of one package name: by full name where that decides, else by role, then in order.
void InputPairing::pair_group(Inputs& base, Inputs& head) {
  const auto has_one = [&](const Inputs& inputs, std::string_view name) {
    return std::count_if(inputs.begin(), inputs.end(), [&](DerivationIndex input) {
             return graph_.derivation_name(input) == name;
           }) == 1;
  };
  if (base.size() + head.size() > 2) {
    for (std::size_t b = 0; b < base.size();) {
      const auto name = graph_.derivation_name(base[b]);
      const auto at = std::find_if(head.begin(), head.end(), [&](DerivationIndex input) {
        return graph_.derivation_name(input) == name;
      });
      if (at != head.end() && has_one(base, name) && has_one(head, name)) {
        take(base, b, head, static_cast<std::size_t>(at - head.begin()));
      } else {
        ++b;
      }
    }
    if (!base.empty() && !head.empty()) pair_by_role(base, head, false);
  }
  while (!base.empty() && !head.empty()) take(base, 0, head, 0);
}

/// `alike`: only such as are alike, first those in one role, then the others.
void InputPairing::pair_by_role(Inputs& base, Inputs& head, bool alike) {
  if (!have_texts_) {
    have_texts_ = true;
    if (!base_text_.read(graph_, read_, base_) || !head_text_.read(graph_, read_, head_)) return;
  }
  std::vector<std::uint64_t> base_roles, head_roles;
  for (const auto input : base) base_roles.push_back(role(base_text_, input));
  for (const auto input : head) head_roles.push_back(role(head_text_, input));
  const auto pass = [&](const auto& fit) {
    for (std::size_t b = 0; b < base.size();) {
      std::size_t h = 0;
      while (h < head.size() && !fit(b, h)) ++h;
      if (h == head.size()) {
        ++b;
        continue;
      }
      base_roles.erase(base_roles.begin() + static_cast<std::ptrdiff_t>(b));
      head_roles.erase(head_roles.begin() + static_cast<std::ptrdiff_t>(h));
      take(base, b, head, h);
    }
  };
  const auto are_alike = [&](std::size_t b, std::size_t h) {
    return fit(base[b], head[h]).has_value();
  };
  pass([&](std::size_t b, std::size_t h) {
    return base_roles[b] != kNoRole && base_roles[b] == head_roles[h] &&
           (!alike || are_alike(b, h));
  });
  if (!alike || base.size() > kMaxAlike || head.size() > kMaxAlike) return;
  pass(are_alike);
}

/// Which variable or argument mentions the input first, and as the how manyth path.
std::uint64_t InputPairing::role(const RecipeText& recipe, DerivationIndex input) const {
  std::vector<std::string> names = {
      std::string(graph_.base_name(input).substr(0, StorePath::kHashLength))};
  const auto outputs = graph_.output_names(input);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto digest = graph_.output_path_digest(input, i);
    names.push_back(digest.empty() ? input_placeholder(graph_.path(input), outputs[i])
                                   : std::string(digest));
  }
  const std::string& store = graph_.store_dir().str();
  const auto place = [&](std::string_view text) -> std::uint64_t {
    auto first = text.npos;
    for (const auto& name : names) first = std::min(first, text.find(name));
    if (first == text.npos) return kNoRole;
    return count_paths(store, text.substr(0, first));
  };
  const auto& fields = recipe.fields();
  for (const auto& variable : fields.variables) {
    const auto at = place(recipe.of(variable.value));
    if (at == kNoRole) continue;
    return std::hash<std::string_view>()(recipe.of(variable.key)) + (at << 1);
  }
  for (std::size_t i = 0; i < fields.arguments.size(); ++i) {
    const auto at = place(recipe.of(fields.arguments[i]));
    if (at != kNoRole) return (i << 32) + at;
  }
  return kNoRole;
}

std::optional<double> InputPairing::fit(DerivationIndex base, DerivationIndex head) {
  const auto was = graph_.derivation_name(base);
  const auto is = graph_.derivation_name(head);
  const bool renamed = package_name(was) != package_name(is);
  if (renamed && head_packages_.contains(package_name(was))) return std::nullopt;
  const auto alike = likeness(base, head);
  if (!alike || (was != is && *alike <= kRenamed)) return std::nullopt;
  return alike;
}

std::optional<double> InputPairing::likeness(DerivationIndex base, DerivationIndex head) {
  const auto [found, is_new] = likeness_.try_emplace((std::uint64_t{base} << 32) | head);
  if (is_new && other_base_.read(graph_, read_, base) && other_head_.read(graph_, read_, head)) {
    found->second = likeness_of(graph_.store_dir().str(), other_base_, other_head_);
  }
  return found->second;
}

void InputPairing::take(Inputs& base, std::size_t b, Inputs& head, std::size_t h) {
  pairs_.emplace_back(base[b], head[h]);
  base.erase(base.begin() + static_cast<std::ptrdiff_t>(b));
  head.erase(head.begin() + static_cast<std::ptrdiff_t>(h));
}

}  // namespace grange
