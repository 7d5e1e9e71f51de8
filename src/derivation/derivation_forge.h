#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "derivation/aterm.h"
#include "derivation/derivation_graph.h"
#include "derivation/hash_modulo.h"
#include "derivation/sample_files.h"

namespace grange {

inline const ContentMethodAlgorithm kRecursive{ContentMethod::recursive, HashAlgorithm::sha256};

/// Derivations made here, with right paths unless a test breaks them.
class DerivationForge {
 public:
  using Inputs = std::map<StorePath, DerivationInput>;

  StorePath add(const std::string& name, const Inputs& inputs = {},
                DerivationOutput output = DeferredOutput{},
                const std::vector<std::string>& outputs = {"out"}) {
    Derivation derivation;
    derivation.name = name;
    derivation.system = "x86_64-linux";
    derivation.builder = "/bin/sh";
    derivation.inputs = inputs;
    for (const auto& each : outputs) {
      derivation.outputs.emplace(each, output);
      derivation.environment[each] = "";
    }
    return add(std::move(derivation));
  }
  StorePath add_fixed(const std::string& name, const std::string& content,
                      const Inputs& inputs = {}) {
    const ContentAddress address{ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, content)};
    const auto path = make_content_addressed_path(kNix, name, address);
    Derivation derivation;
    derivation.name = name;
    derivation.system = "x86_64-linux";
    derivation.builder = "/bin/sh";
    derivation.inputs = inputs;
    derivation.outputs.emplace("out", FixedOutput{address, path});
    derivation.environment["out"] = kNix.print(path);
    return add(std::move(derivation));
  }
  StorePath add(Derivation derivation) {
    const auto lookup = [this](const StorePath& input) -> const DerivationModulo* {
      const auto found = modulos_.find(input);
      return found == modulos_.end() ? nullptr : &found->second;
    };
    fill_in_outputs(kNix, derivation, lookup);
    const auto path = derivation_path(kNix, derivation);
    if (const auto modulo = hash_modulo(kNix, derivation, lookup)) {
      modulos_.emplace(path, *modulo);
    }
    texts[path.base_name()] = print_aterm(derivation, kNix);
    derivations.emplace(path, std::move(derivation));
    return path;
  }

  const DerivationModulo& modulo(const StorePath& path) const { return modulos_.at(path); }
  DerivationGraph load(const std::vector<StorePath>& roots, GraphOptions options = {}) const {
    return DerivationGraph::load(kNix, roots, reader_of(texts), options);
  }

  Texts texts;
  std::map<StorePath, Derivation> derivations;

 private:
  std::map<StorePath, DerivationModulo> modulos_;
};

}  // namespace grange
