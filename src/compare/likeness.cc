#include "compare/likeness.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "derivation/store_path.h"

namespace grange {
namespace {

/// Variables that say nothing: in every recipe of a package set alike, or about the name.
constexpr std::array<std::string_view, 8> kSilent = {"builder", "name",    "pname",    "stdenv",
                                                     "system",  "version", "userHook", "out"};

bool equal_without_digests(std::string_view store, std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.size() != b.size()) return false;
  std::string left(a), right(b);
  for (auto* text : {&left, &right}) {
    for_each_store_name(store, *text, [&](std::size_t at) {
      const auto length = std::min(StorePath::kHashLength, text->size() - at);
      std::fill_n(text->begin() + static_cast<std::ptrdiff_t>(at), length, '*');
    });
  }
  return left == right;
}

bool same_shape(const RecipeText& a, const RecipeText& b) {
  const auto& left = a.fields();
  const auto& right = b.fields();
  return left.kind == right.kind && a.of(left.system) == b.of(right.system) &&
         std::equal(left.outputs.begin(), left.outputs.end(), right.outputs.begin(),
                    right.outputs.end(),
                    [&](const auto& x, const auto& y) { return a.of(x.name) == b.of(y.name); });
}

class Score {
 public:
  void add(bool equal) {
    ++fields_;
    if (equal) ++equal_;
  }
  double value() const { return static_cast<double>(equal_) / static_cast<double>(fields_); }

 private:
  std::size_t fields_ = 0, equal_ = 0;
};

bool is_telling(const RecipeText& recipe, const AtermFields::Variable& variable) {
  const auto key = recipe.of(variable.key);
  if (variable.value.length == 0) return false;
  if (std::find(kSilent.begin(), kSilent.end(), key) != kSilent.end()) return false;
  const auto& outputs = recipe.fields().outputs;
  return std::none_of(outputs.begin(), outputs.end(),
                      [&](const auto& output) { return recipe.of(output.name) == key; });
}

}  // namespace

std::optional<double> likeness_of(std::string_view store, const RecipeText& a,
                                  const RecipeText& b) {
  if (!same_shape(a, b)) return std::nullopt;
  Score score;
  const auto& left = a.fields();
  const auto& right = b.fields();
  const auto equal = [&](TextSpan x, TextSpan y) {
    return equal_without_digests(store, a.of(x), b.of(y));
  };
  score.add(equal(left.builder, right.builder) &&
            std::equal(left.arguments.begin(), left.arguments.end(), right.arguments.begin(),
                       right.arguments.end(), equal));
  for (const auto& variable : left.variables) {
    const auto* other = b.variable(a.of(variable.key));
    if (is_telling(a, variable)) score.add(other && equal(variable.value, other->value));
  }
  for (const auto& variable : right.variables) {
    if (is_telling(b, variable) && !a.variable(b.of(variable.key))) score.add(false);
  }
  return score.value();
}

}  // namespace grange
