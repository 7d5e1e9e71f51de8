#pragma once

#include <map>
#include <string>
#include <string_view>

namespace grange {

/// What a builder with structured attributes finds in its build directory.
struct AttributeFiles {
  std::string json;   ///< .attrs.json
  std::string shell;  ///< .attrs.sh: the same as declarations for bash, as far as bash can have it
};

/// The files of nix-store.md §10.5, byte for byte as Nix 2.8 writes them. `json` is the text of the
/// structured attributes; `outputs` what becomes their attribute of that name; `graphs` further
/// attributes, each a JSON text. Throws InvalidError.
AttributeFiles make_attribute_files(std::string_view json,
                                    const std::map<std::string, std::string>& outputs,
                                    const std::map<std::string, std::string>& graphs);

}  // namespace grange
