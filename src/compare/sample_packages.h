#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "derivation/content_address.h"
#include "derivation/derivation_graph.h"
#include "derivation/target_map.h"

namespace grange {

/// For tests: a package set as one would write it, and the derivations that it stands for.
struct SamplePackage {
  std::string name;
  std::string version = "1.0";
  bool fixed = false;
  std::string content;  ///< of a fixed one: what its hash is of
  std::string url;      ///< of a fixed one
  std::string flag;
  std::string builder = "/bin/sh";
  std::string system = "x86_64-linux";
  std::vector<std::string> outputs = {"out"};
  /// Indices into the set, each smaller than its own, and which outputs are used.
  std::vector<std::pair<std::size_t, std::set<std::string>>> inputs;

  std::string full_name() const { return name + "-" + version; }
};

struct SamplePackages {
  std::vector<SamplePackage> packages;
  std::map<std::string, std::size_t> targets;  ///< by label
};

/// Turns package sets into .drv files, by the rules of nix-store.md §4.1 in their plainest form.
class SampleInstantiation {
 public:
  explicit SampleInstantiation(const SamplePackages& set, StoreDir store = StoreDir::nix())
      : store_(std::move(store)) {
    for (const auto& package : set.packages) instantiate(package);
    for (const auto& [label, index] : set.targets) {
      map_.targets.emplace(
          label,
          Target{{label}, made_[index].derivation, "", "", {}, std::nullopt, Outcome::unknown});
    }
    map_.store_dir = store_;
    map_.complete = true;
  }

  const TargetMap& map() const { return map_; }
  const StorePath& derivation(std::size_t package) const { return made_[package].derivation; }
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  struct Made {
    StorePath derivation;
    std::map<std::string, std::string> paths;
    std::string modulo;
  };

  static std::string quoted(const std::string& text) { return "\"" + text + "\""; }

  static std::string list(const std::set<std::string>& texts) {
    std::string result;
    for (const auto& text : texts) result += (result.empty() ? "" : ",") + quoted(text);
    return "[" + result + "]";
  }

  std::string text_of(const SamplePackage& package, const std::map<std::string, std::string>& paths,
                      const std::map<std::string, std::set<std::string>>& inputs) const {
    std::map<std::string, std::string> environment = {
        {"flag", package.flag}, {"name", package.full_name()}, {"system", package.system}};
    std::string dependencies, outputs, used;
    for (const auto& [index, names] : package.inputs) {
      for (const auto& name : names) dependencies += made_[index].paths.at(name) + " ";
    }
    environment["dependencies"] = dependencies;
    if (package.fixed) environment["url"] = package.url;
    for (const auto& [name, path] : paths) {
      environment[name] = path;
      outputs +=
          (outputs.empty() ? "" : ",") + ("(" + quoted(name) + "," + quoted(path) + ",") +
          (package.fixed ? quoted("sha256") + "," + quoted(base16_encode(sha256(package.content)))
                         : quoted("") + "," + quoted("")) +
          ")";
    }
    for (const auto& [input, names] : inputs) {
      used += (used.empty() ? "" : ",") + ("(" + quoted(input) + "," + list(names) + ")");
    }
    std::string variables;
    for (const auto& [key, value] : environment) {
      variables += (variables.empty() ? "" : ",") + ("(" + quoted(key) + "," + quoted(value) + ")");
    }
    return "Derive([" + outputs + "],[" + used + "],[]," + quoted(package.system) + "," +
           quoted(package.builder) + ",[" + quoted("-c") + "],[" + variables + "])";
  }

  void instantiate(const SamplePackage& package) {
    std::map<std::string, std::set<std::string>> by_path, by_modulo;
    std::set<StorePath> references;
    for (const auto& [index, names] : package.inputs) {
      const auto& input = made_[index];
      by_path[store_.print(input.derivation)].insert(names.begin(), names.end());
      by_modulo[input.modulo].insert(names.begin(), names.end());
      references.insert(input.derivation);
    }
    std::map<std::string, std::string> paths;
    std::string modulo;
    if (package.fixed) {
      const Sha256 content = sha256(package.content);
      const auto path = make_content_addressed_path(
          store_, package.full_name(), ContentAddress{ContentMethod::flat, to_hash(content)});
      paths["out"] = store_.print(path);
      modulo =
          base16_encode(sha256("fixed:out:sha256:" + base16_encode(content) + ":" + paths["out"]));
    } else {
      for (const auto& name : package.outputs) paths[name] = "";
      const Sha256 masked = sha256(text_of(package, paths, by_modulo));
      for (auto& [name, path] : paths) {
        path = store_.print(make_output_path(store_, masked, name, package.full_name()));
      }
      modulo = base16_encode(sha256(text_of(package, paths, by_modulo)));
    }
    const std::string text = text_of(package, paths, by_path);
    const auto derivation = make_text_path(store_, package.full_name() + ".drv", text, references);
    files_[derivation.base_name()] = text;
    made_.push_back({derivation, std::move(paths), std::move(modulo)});
  }

  StoreDir store_;
  std::vector<Made> made_;
  std::map<std::string, std::string> files_;
  TargetMap map_;
};

/// Reads what the instantiations made. They must outlive it.
inline DerivationReader sample_reader(std::vector<const SampleInstantiation*> instantiations) {
  return [instantiations](const StorePath& path, std::string& text) {
    for (const auto* instantiation : instantiations) {
      const auto found = instantiation->files().find(path.base_name());
      if (found == instantiation->files().end()) continue;
      text = found->second;
      return true;
    }
    return false;
  };
}

}  // namespace grange
