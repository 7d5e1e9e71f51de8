#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "derivation/derivation.h"
#include "derivation/store_path.h"

namespace grange {

/// A piece of a text by its place, so that it stays right when the text is moved.
struct TextSpan {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  std::string_view of(std::string_view text) const { return text.substr(offset, length); }
  std::uint32_t end() const { return offset + length; }
};

/// Where everything stands in the text of one .drv (nix-store.md §3.1). Strings are spans between
/// their quotes, escapes untouched; what must not need escapes (names, paths, system) has none.
/// Made to be used again for the next text.
struct AtermFields {
  struct Output {
    TextSpan name;
    TextSpan path;    ///< the full path, or empty
    TextSpan method;  ///< "r:sha256", or empty
    TextSpan digest;  ///< lower-case base 16, "impure", or empty
  };
  struct Input {
    TextSpan path;  ///< the full path
    std::uint32_t first_name = 0;
    std::uint32_t name_count = 0;  ///< in `names`
  };
  /// One name of the tree of dynamic outputs, in preorder: depth 1 belongs to the input itself.
  struct Dynamic {
    std::uint32_t input = 0;
    std::uint32_t depth = 0;
    TextSpan output;
    std::uint32_t first_name = 0;
    std::uint32_t name_count = 0;
  };
  struct Variable {
    TextSpan key;
    TextSpan value;
  };

  DerivationKind kind = DerivationKind::deferred;  ///< meaningless without outputs
  std::vector<Output> outputs;
  std::vector<Input> inputs;
  std::vector<TextSpan> names;  ///< output names used of inputs
  std::vector<Dynamic> dynamic;
  TextSpan input_list;  ///< what stands between the brackets of the inputs
  std::vector<TextSpan> sources;
  TextSpan system;
  TextSpan builder;
  std::vector<TextSpan> arguments;
  std::vector<Variable> variables;
};

/// How deep dynamic outputs may be nested.
inline constexpr std::uint32_t kMaxDynamicDepth = 32;

/// Reads one .drv strictly: accepted is exactly what the printer writes, so that every text that is
/// read prints back byte for byte. Outputs may be absent (upstream's own test data has that), but
/// then the derivation has no kind. Throws InvalidError that begins with "offset N: "; `fields` is
/// then unspecified.
void read_aterm(const StoreDir& store, std::string_view text, AtermFields& fields);

/// A string of an ATerm without its escapes.
std::string unescape_aterm(std::string_view raw);
/// The order of variables: of strings of an ATerm without their escapes.
bool less_unescaped(std::string_view raw_a, std::string_view raw_b);

/// The store directory that a .drv's own paths name, from the first path in it; nothing when it
/// has none or does not even begin like a derivation.
std::optional<StoreDir> detect_store_dir(std::string_view text);

}  // namespace grange
