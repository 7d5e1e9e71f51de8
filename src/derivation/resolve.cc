#include "derivation/resolve.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "derivation/aterm_reader.h"
#include "derivation/hash_modulo.h"
#include "derivation/placeholder.h"

namespace grange {
namespace {

class Resolver {
 public:
  Resolver(const StoreDir& store, const Derivation& derivation, const OutputLookup& lookup)
      : store_(store), derivation_(derivation), lookup_(lookup) {}

  Resolution resolve() {
    for (const auto& [path, input] : derivation_.inputs) {
      resolve_input(path, input, 0, [&path = path](const std::string& output) {
        return input_placeholder(path, output);
      });
    }
    if (!unknown_.empty()) return {std::nullopt, std::move(unknown_)};
    return {rewritten(), {}};
  }

 private:
  /// `placeholder_of(output)` is what stands for an output of `path` in the derivation.
  void resolve_input(const StorePath& path, const DerivationInput& input, std::uint32_t depth,
                     const std::function<std::string(const std::string&)>& placeholder_of) {
    if (depth > kMaxDynamicDepth) throw InvalidError("dynamic inputs are nested too deeply");
    for (const auto& output : input.outputs) {
      const auto found = look_up(path, output);
      if (!found) continue;
      rewrites_.emplace_back(placeholder_of(output), store_.print(*found));
      sources_.insert(*found);
    }
    for (const auto& [output, below] : input.dynamic) {
      const auto found = look_up(path, output);
      if (!found) continue;
      resolve_input(*found, below, depth + 1,
                    [inner = placeholder_of(output)](const std::string& name) {
                      return dynamic_placeholder(inner, name);
                    });
    }
  }

  std::optional<StorePath> look_up(const StorePath& path, const std::string& output) {
    auto found = lookup_(path, output);
    if (!found) unknown_[path].insert(output);
    return found;
  }

  std::string rewrite(std::string text) const {
    for (const auto& [from, to] : rewrites_) text = replace_all(std::move(text), from, to);
    return text;
  }

  Derivation rewritten() {
    Derivation result;
    result.name = derivation_.name;
    result.outputs = derivation_.outputs;
    result.input_sources = derivation_.input_sources;
    result.input_sources.insert(sources_.begin(), sources_.end());
    result.system = derivation_.system;
    result.builder = rewrite(derivation_.builder);
    for (const auto& argument : derivation_.arguments) {
      result.arguments.push_back(rewrite(argument));
    }
    for (const auto& [key, value] : derivation_.environment) {
      result.environment.emplace(rewrite(key), rewrite(value));
    }
    fill_in_outputs(store_, result, no_inputs);
    return result;
  }

  const StoreDir& store_;
  const Derivation& derivation_;
  const OutputLookup& lookup_;
  std::vector<std::pair<std::string, std::string>> rewrites_;
  std::set<StorePath> sources_;
  std::map<StorePath, std::set<std::string>> unknown_;
};

}  // namespace

Resolution resolve(const StoreDir& store, const Derivation& derivation,
                   const OutputLookup& lookup) {
  return Resolver(store, derivation, lookup).resolve();
}

}  // namespace grange
