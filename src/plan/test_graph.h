#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "derivation/aterm.h"
#include "derivation/aterm_reader.h"
#include "derivation/derivation_graph.h"
#include "derivation/modulo_hasher.h"
#include "derivation/placeholder.h"

namespace grange {

/// Derivations that tests make up, with right paths throughout. Loaded, they are a real graph; with
/// scripts for busybox, which has all its tools within itself, they can be built.
class TestGraph {
 public:
  using Names = std::vector<std::string>;
  struct Input {
    std::size_t derivation;
    Names outputs{"out"};
  };

  /// Returns its number here; not its index in the graph, for which see `index`.
  std::size_t input_addressed(const std::string& name, const std::vector<Input>& inputs,
                              const Names& outputs = {"out"}, const std::string& script = "") {
    Derivation derivation = frame(name, inputs, script);
    for (const auto& output : outputs) {
      derivation.outputs.emplace(output, InputAddressedOutput{placeholder()});
      derivation.environment[output] = "";
    }
    std::string text = print_aterm(derivation, store_);
    const HashModulo modulo = hash(text);
    for (auto& [output, value] : derivation.outputs) {
      const StorePath path = make_output_path(store_, modulo.masked, output, name);
      value = InputAddressedOutput{path};
      derivation.environment[output] = store_.print(path);
    }
    text = print_aterm(derivation, store_);
    const HashModulo filled = hash(text);
    return add(derivation, text, filled.unmasked);
  }

  /// Those of equal name and content are equivalent, whatever their inputs.
  std::size_t fixed(const std::string& name, const std::string& content,
                    const std::vector<Input>& inputs = {}, const std::string& script = "") {
    Derivation derivation = frame(name, inputs, script);
    const ContentAddress address{ContentMethod::recursive,
                                 hash_bytes(HashAlgorithm::sha256, content)};
    const StorePath path = make_content_addressed_path(store_, name, address);
    derivation.outputs.emplace("out", FixedOutput{address, path});
    derivation.environment["out"] = store_.print(path);
    derivation.environment["recipe"] = std::to_string(files_.size());
    const HashModulo modulo =
        fixed_hash_modulo("r:sha256", address.hash.digits(HashFormat::base16), store_.print(path));
    return add(derivation, print_aterm(derivation, store_), modulo.unmasked);
  }

  /// Its paths are known only when it was built.
  std::size_t floating(const std::string& name, const std::vector<Input>& inputs = {},
                       const Names& outputs = {"out"}, const std::string& script = "") {
    return without_paths(name, inputs, outputs, script,
                         FloatingOutput{{ContentMethod::recursive, HashAlgorithm::sha256}});
  }
  /// Input-addressed above a floating one.
  std::size_t deferred(const std::string& name, const std::vector<Input>& inputs,
                       const std::string& script = "") {
    return without_paths(name, inputs, {"out"}, script, DeferredOutput{});
  }
  /// Made anew each time.
  std::size_t impure(const std::string& name, const std::string& script = "") {
    Derivation derivation = frame(name, {}, script);
    derivation.outputs.emplace("out",
                               ImpureOutput{{ContentMethod::recursive, HashAlgorithm::sha256}});
    derivation.environment["out"] = output_placeholder("out");
    return add(derivation, print_aterm(derivation, store_), impure_hash_modulo().unmasked);
  }
  /// What stands for an output in what uses it, while its path is not known.
  std::string placeholder_of(std::size_t number, const std::string& name = "out") const {
    return input_placeholder(path(number), name);
  }

  const StorePath& path(std::size_t number) const { return files_.at(number).path; }
  /// Of an input-addressed or fixed one.
  std::string output(std::size_t number, const std::string& name = "out") const {
    const auto& file = files_.at(number);
    const auto derivation = parse_aterm(store_, file.path.derivation_name(), file.text);
    return store_.print(derivation.stated_path(name).value());
  }
  const std::string& text(std::size_t number) const { return files_.at(number).text; }
  const StoreDir& store_dir() const { return store_; }
  std::size_t size() const { return files_.size(); }

  /// What the file holds from now on; nothing: it is not there.
  void replace(std::size_t number, std::optional<std::string> text) {
    replaced_[files_.at(number).path] = std::move(text);
  }

  DerivationGraph load() const {
    std::map<StorePath, const std::string*> texts;
    std::vector<StorePath> roots;
    for (const auto& file : files_) {
      texts.emplace(file.path, &file.text);
      roots.push_back(file.path);
    }
    for (const auto& [path, text] : replaced_) texts[path] = text ? &*text : nullptr;
    GraphOptions options;
    options.threads = 1;
    return DerivationGraph::load(
        store_, roots,
        [&](const StorePath& path, std::string& text) {
          const auto found = texts.find(path);
          if (found == texts.end() || found->second == nullptr) return false;
          text = *found->second;
          return true;
        },
        options);
  }

  DerivationIndex index(const DerivationGraph& graph, std::size_t number) const {
    return graph.find(path(number)).value();
  }

 private:
  std::size_t without_paths(const std::string& name, const std::vector<Input>& inputs,
                            const Names& outputs, const std::string& script,
                            const DerivationOutput& how) {
    Derivation derivation = frame(name, inputs, script);
    const bool deferred = std::holds_alternative<DeferredOutput>(how);
    for (const auto& output : outputs) {
      derivation.outputs.emplace(output, how);
      derivation.environment[output] = deferred ? "" : output_placeholder(output);
    }
    const std::string text = print_aterm(derivation, store_);
    return add(derivation, text, hash(text).unmasked);
  }

  struct File {
    StorePath path;
    std::string text;
    Sha256 modulo;
  };

  static StorePath placeholder() { return StorePath::parse("00000000000000000000000000000000-x"); }

  Derivation frame(const std::string& name, const std::vector<Input>& inputs,
                   const std::string& script) const {
    Derivation derivation;
    derivation.name = name;
    derivation.system = "x86_64-linux";
    derivation.builder = "/bin/busybox";
    if (!script.empty()) derivation.arguments = {"sh", "-e", "-c", script};
    derivation.environment["name"] = name;
    for (const auto& input : inputs) {
      auto& used = derivation.inputs[files_.at(input.derivation).path].outputs;
      used.insert(input.outputs.begin(), input.outputs.end());
    }
    return derivation;
  }

  HashModulo hash(const std::string& text) {
    AtermFields fields;
    read_aterm(store_, text, fields);
    std::vector<const Sha256*> modulos;
    for (const auto& input : fields.inputs) {
      const StorePath path = store_.parse_path(input.path.of(text));
      modulos.push_back(&files_.at(numbers_.at(path)).modulo);
    }
    return hasher_.hash(text, fields, modulos);
  }

  std::size_t add(const Derivation& derivation, const std::string& text, const Sha256& modulo) {
    const StorePath path = derivation_path(store_, derivation, text);
    const auto [found, is_new] = numbers_.emplace(path, files_.size());
    if (is_new) files_.push_back({path, text, modulo});
    return found->second;
  }

  StoreDir store_ = StoreDir::nix();
  std::vector<File> files_;
  std::map<StorePath, std::size_t> numbers_;
  std::map<StorePath, std::optional<std::string>> replaced_;
  ModuloHasher hasher_;
};

}  // namespace grange
