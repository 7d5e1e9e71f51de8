#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "derivation/aterm_reader.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// The text of one recipe and where everything stands in it. Made to be used again.
class RecipeText {
 public:
  /// Reads and parses it; false when it is not there or malformed, and then it is empty.
  bool read(const DerivationGraph& graph, const DerivationReader& reader, DerivationIndex index);

  const AtermFields& fields() const { return fields_; }
  std::string_view of(TextSpan span) const { return span.of(text_); }
  /// A variable by its name as it is written (escapes untouched); null when it is not set.
  const AtermFields::Variable* variable(std::string_view raw_key) const;

 private:
  std::string text_;
  AtermFields fields_;
};

/// Calls `visit(at)` for every place in `text` where the base name of a path in `store` begins.
template <typename Visit>
void for_each_store_name(std::string_view store, std::string_view text, const Visit& visit) {
  for (auto at = text.find(store); at != text.npos; at = text.find(store, at)) {
    at += store.size();
    if (at >= text.size() || text[at] != '/') continue;
    visit(++at);
  }
}

}  // namespace grange
