#include "base/error.h"
#include "derivation/derivation_form.h"
#include "derivation/derivation_json.h"
#include "derivation/json_object_reader.h"
#include "derivation/json_string.h"

namespace grange {
namespace {

/// Writes indented JSON the way Nix 2.8 does: two spaces per level, nothing inside what is empty.
class ShowPrinter {
 public:
  explicit ShowPrinter(const StoreDir& store) : store_(store) {}

  std::string print(const std::map<StorePath, Derivation>& derivations) {
    object([&] {
      for (const auto& [path, derivation] : derivations) {
        key(store_.print(path));
        object([&, &derivation = derivation] { print_members(derivation); });
      }
    });
    text_ += '\n';
    return std::move(text_);
  }

 private:
  void print_members(const Derivation& derivation) {
    key("outputs");
    object([&] {
      for (const auto& [name, output] : derivation.outputs) {
        key(name);
        object([&, &output = output] { print_output(output); });
      }
    });
    key("inputSrcs");
    array([&] {
      for (const auto& path : derivation.input_sources) element(store_.print(path));
    });
    key("inputDrvs");
    object([&] {
      for (const auto& [path, input] : derivation.inputs) {
        key(store_.print(path));
        array([&, &input = input] {
          for (const auto& output : input.outputs) element(output);
        });
      }
    });
    member("system", derivation.system);
    member("builder", derivation.builder);
    key("args");
    array([&] {
      for (const auto& argument : derivation.arguments) element(argument);
    });
    key("env");
    object([&] {
      for (const auto& [name, value] : derivation.environment) member(name, value);
    });
  }

  void print_output(const DerivationOutput& output) {
    if (const auto* addressed = std::get_if<InputAddressedOutput>(&output)) {
      member("path", store_.print(addressed->path));
    } else if (const auto* fixed = std::get_if<FixedOutput>(&output)) {
      const auto& [method, hash] = fixed->address;
      member("path", store_.print(fixed->path));
      member("hashAlgo", ContentMethodAlgorithm{method, hash.algorithm()}.to_string());
      member("hash", hash.digits(HashFormat::base16));
    } else if (const auto* floating = std::get_if<FloatingOutput>(&output)) {
      member("hashAlgo", floating->promise.to_string());
    } else if (const auto* impure = std::get_if<ImpureOutput>(&output)) {
      member("hashAlgo", impure->promise.to_string());
      key("impure");
      text_ += "true";
    }
  }

  template <typename Content>
  void block(char open, char close, Content&& content) {
    text_ += open;
    ++depth_;
    const auto before = text_.size();
    first_ = true;
    content();
    --depth_;
    if (text_.size() > before) line();
    text_ += close;
    first_ = false;
  }
  template <typename Content>
  void object(Content&& content) {
    block('{', '}', content);
  }
  template <typename Content>
  void array(Content&& content) {
    block('[', ']', content);
  }
  void line() { text_.append(1, '\n').append(2 * depth_, ' '); }
  void next() {
    if (!first_) text_ += ',';
    first_ = false;
    line();
  }
  void element(std::string_view value) {
    next();
    append_json_bytes(text_, value);
  }
  void key(std::string_view name) {
    element(name);
    text_ += ": ";
  }
  void member(std::string_view name, std::string_view value) {
    key(name);
    append_json_bytes(text_, value);
  }

  const StoreDir& store_;
  std::string text_;
  std::size_t depth_ = 0;
  bool first_ = true;
};

DerivationOutput parse_shown_output(const StoreDir& store, const JsonValue& json,
                                    const std::string& name) {
  JsonObjectReader reader(json, "output '" + name + "'");
  const auto* path = reader.take_optional("path");
  const auto* algorithm = reader.take_optional("hashAlgo");
  const auto* hash = reader.take_optional("hash");
  const auto* impure = reader.take_optional("impure");
  reader.finish();
  const auto fail = [&](std::string_view what) {
    throw InvalidError("offset " + std::to_string(json.offset()) + ": output '" + name + "' " +
                       std::string(what));
  };
  if (algorithm == nullptr) {
    if (hash != nullptr || impure != nullptr) fail("has no key 'hashAlgo'");
    if (path == nullptr) return DeferredOutput{};
    return InputAddressedOutput{store.parse_path(path->as_string("path"))};
  }
  const auto promise = ContentMethodAlgorithm::parse(algorithm->as_string("hashAlgo"));
  if ((path == nullptr) != (hash == nullptr)) fail("has only one of the keys 'path' and 'hash'");
  if (impure != nullptr) {
    if (hash != nullptr || !impure->as_boolean("impure")) fail("cannot be impure as it stands");
    return ImpureOutput{promise};
  }
  if (hash == nullptr) return FloatingOutput{promise};
  return FixedOutput{{promise.method, Hash::parse(hash->as_string("hash"), promise.algorithm)},
                     store.parse_path(path->as_string("path"))};
}

Derivation parse_shown_derivation(const StoreDir& store, const JsonValue& json,
                                  const StorePath& path) {
  JsonObjectReader reader(json, "a derivation");
  Derivation derivation;
  if (!path.is_derivation()) throw InvalidError("'" + path.base_name() + "' is not NAME.drv");
  derivation.name = path.derivation_name();
  for (const auto& [name, output] : reader.take("outputs").as_object("outputs")) {
    derivation.outputs.emplace(name, parse_shown_output(store, output, name));
  }
  for (const auto& source : reader.take("inputSrcs").as_array("inputSrcs")) {
    derivation.input_sources.insert(store.parse_path(source.as_string("an input source")));
  }
  for (const auto& [input, outputs] : reader.take("inputDrvs").as_object("inputDrvs")) {
    auto& names = derivation.inputs[store.parse_path(input)].outputs;
    for (const auto& name : outputs.as_array("outputs used")) {
      names.insert(name.as_string("an output name"));
    }
  }
  derivation.system = reader.take("system").as_string("system");
  derivation.builder = reader.take("builder").as_string("builder");
  for (const auto& argument : reader.take("args").as_array("args")) {
    derivation.arguments.push_back(argument.as_string("an argument"));
  }
  for (const auto& [name, value] : reader.take("env").as_object("env")) {
    derivation.environment.emplace(name, value.as_string("an environment variable"));
  }
  reader.finish();
  check_derivation_form(derivation);
  return derivation;
}

}  // namespace

std::string print_show_derivation(const StoreDir& store,
                                  const std::map<StorePath, Derivation>& derivations) {
  for (const auto& [path, derivation] : derivations) {
    if (!derivation.has_dynamic_inputs()) continue;
    throw InvalidError("derivation '" + path.base_name() +
                       "' has dynamic inputs, which the JSON of Nix 2.8 cannot say");
  }
  return ShowPrinter(store).print(derivations);
}

std::map<StorePath, Derivation> parse_show_derivation(const StoreDir& store,
                                                      std::string_view json) {
  const auto value = JsonValue::parse(json);
  std::map<StorePath, Derivation> derivations;
  for (const auto& [key, member] : value.as_object("the text")) {
    const StorePath path = store.parse_path(key);
    with_context([&, &key = key] { return "while reading derivation '" + key + "'"; },
                 [&, &member = member] {
                   derivations.emplace(path, parse_shown_derivation(store, member, path));
                 });
  }
  return derivations;
}

}  // namespace grange
