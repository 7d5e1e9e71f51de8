#include "derivation/derivation_json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "derivation/aterm_reader.h"
#include "derivation/derivation_form.h"
#include "derivation/json_object_reader.h"

namespace grange {
namespace {

using nlohmann::json;

constexpr int kVersion = 4;
/// Where the environment holds structured attributes.
constexpr std::string_view kStructured = "__json";

std::string_view method_name(ContentMethod method) {
  return method == ContentMethod::recursive ? "nar" : to_string(method);
}

ContentMethod parse_method(const JsonValue& value) {
  const auto& name = value.as_string("method");
  for (const auto method :
       {ContentMethod::flat, ContentMethod::recursive, ContentMethod::text, ContentMethod::git}) {
    if (name == method_name(method)) return method;
  }
  throw InvalidError("offset " + std::to_string(value.offset()) + ": unknown method '" + name +
                     "'");
}

/// Translates what the library throws (text that is not UTF-8, numbers beyond its range).
template <typename Action>
auto translated(Action&& action) {
  try {
    return action();
  } catch (const json::exception& error) {
    throw InvalidError("it cannot be written as JSON: " + std::string(error.what()));
  }
}

json output_to_json(const DerivationOutput& output) {
  json value = json::object();
  const auto set_promise = [&](const ContentMethodAlgorithm& promise) {
    value["method"] = method_name(promise.method);
    value["hashAlgo"] = to_string(promise.algorithm);
  };
  if (const auto* addressed = std::get_if<InputAddressedOutput>(&output)) {
    value["path"] = addressed->path.base_name();
  } else if (const auto* fixed = std::get_if<FixedOutput>(&output)) {
    value["method"] = method_name(fixed->address.method);
    value["hash"] = fixed->address.hash.to_string(HashFormat::sri);
  } else if (const auto* floating = std::get_if<FloatingOutput>(&output)) {
    set_promise(floating->promise);
  } else if (const auto* impure = std::get_if<ImpureOutput>(&output)) {
    set_promise(impure->promise);
    value["impure"] = true;
  }
  return value;
}

json input_to_json(const DerivationInput& input, std::uint32_t depth) {
  if (depth > kMaxDynamicDepth) throw InvalidError("dynamic inputs are nested too deeply");
  json value = {{"outputs", input.outputs}, {"dynamicOutputs", json::object()}};
  for (const auto& [output, below] : input.dynamic) {
    value["dynamicOutputs"][output] = input_to_json(below, depth + 1);
  }
  return value;
}

json to_json(const Derivation& derivation) {
  json value = {{"name", derivation.name},
                {"version", kVersion},
                {"outputs", json::object()},
                {"inputs", {{"srcs", json::array()}, {"drvs", json::object()}}},
                {"system", derivation.system},
                {"builder", derivation.builder},
                {"args", derivation.arguments},
                {"env", json::object()}};
  for (const auto& [name, output] : derivation.outputs) {
    value["outputs"][name] = output_to_json(output);
  }
  for (const auto& path : derivation.input_sources) {
    value["inputs"]["srcs"].push_back(path.base_name());
  }
  for (const auto& [path, input] : derivation.inputs) {
    value["inputs"]["drvs"][path.base_name()] = input_to_json(input, 0);
  }
  for (const auto& [name, text] : derivation.environment) {
    if (name != kStructured) {
      value["env"][name] = text;
      continue;
    }
    with_context([] { return std::string("while reading the structured attributes"); },
                 [&, &text = text] { JsonValue::parse(text).as_object("their text"); });
    value["structuredAttrs"] = json::parse(text);
  }
  return value;
}

DerivationOutput parse_output(const StoreDir& store, const JsonValue& value,
                              const std::string& name, const std::string& derivation_name) {
  JsonObjectReader reader(value, "output '" + name + "'");
  const auto* path = reader.take_optional("path");
  if (path != nullptr) {
    reader.finish();
    return InputAddressedOutput{StorePath::parse(path->as_string("path"))};
  }
  const auto* method = reader.take_optional("method");
  if (method == nullptr) {
    reader.finish();
    return DeferredOutput{};
  }
  if (const auto* hash = reader.take_optional("hash")) {
    reader.finish();
    const ContentAddress address{parse_method(*method), Hash::parse(hash->as_string("hash"))};
    return FixedOutput{address, make_content_addressed_path(
                                    store, output_path_name(derivation_name, name), address)};
  }
  const auto& text = reader.take("hashAlgo").as_string("hashAlgo");
  const auto algorithm = parse_hash_algorithm(text);
  if (!algorithm) throw InvalidError("unknown hash algorithm '" + text + "'");
  const ContentMethodAlgorithm promise{parse_method(*method), *algorithm};
  ContentMethodAlgorithm::parse(promise.to_string());  // do the two go together?
  const auto* impure = reader.take_optional("impure");
  reader.finish();
  if (impure == nullptr) return FloatingOutput{promise};
  if (!impure->as_boolean("impure")) throw InvalidError("output '" + name + "': impure is false");
  return ImpureOutput{promise};
}

DerivationInput parse_input(const JsonValue& value) {  // bounded by kMaxJsonDepth
  JsonObjectReader reader(value, "an input");
  DerivationInput input;
  for (const auto& output : reader.take("outputs").as_array("outputs")) {
    input.outputs.insert(output.as_string("an output name"));
  }
  for (const auto& [output, below] : reader.take("dynamicOutputs").as_object("dynamicOutputs")) {
    input.dynamic.emplace(output, parse_input(below));
  }
  reader.finish();
  return input;
}

void parse_sources(const JsonValue& value, Derivation& derivation) {
  for (const auto& source : value.as_array("input sources")) {
    derivation.input_sources.insert(StorePath::parse(source.as_string("an input source")));
  }
}

/// An object with sources and derivations, or, of a derivation that is resolved, only an array.
void parse_inputs(const JsonValue& value, Derivation& derivation) {
  if (value.kind() == JsonValue::Kind::array) {
    parse_sources(value, derivation);
    return;
  }
  JsonObjectReader reader(value, "inputs");
  parse_sources(reader.take("srcs"), derivation);
  for (const auto& [path, input] : reader.take("drvs").as_object("drvs")) {
    derivation.inputs.emplace(StorePath::parse(path), parse_input(input));
  }
  reader.finish();
}

void parse_environment(const JsonValue& env, const JsonValue* structured, std::string_view text,
                       Derivation& derivation) {
  for (const auto& [name, value] : env.as_object("env")) {
    derivation.environment.emplace(name, value.as_string("an environment variable"));
  }
  if (structured == nullptr) return;
  structured->as_object("structuredAttrs");
  auto canonical = translated([&] { return json::parse(structured->source(text)).dump(); });
  if (!derivation.environment.emplace(kStructured, std::move(canonical)).second) {
    throw InvalidError("structured attributes stand both in 'env' and in 'structuredAttrs'");
  }
}

void check_version(const JsonValue& version, std::string_view text) {
  if (version.source(text) == std::to_string(kVersion)) return;
  throw InvalidError("version " + std::string(version.source(text)) +
                     " of derivations in JSON is not supported, only version 4");
}

Derivation from_json(const StoreDir& store, const JsonValue& value, std::string_view text) {
  JsonObjectReader reader(value, "a derivation");
  check_version(reader.take("version"), text);
  Derivation derivation;
  derivation.name = reader.take("name").as_string("name");
  for (const auto& [name, output] : reader.take("outputs").as_object("outputs")) {
    derivation.outputs.emplace(name, parse_output(store, output, name, derivation.name));
  }
  parse_inputs(reader.take("inputs"), derivation);
  derivation.system = reader.take("system").as_string("system");
  derivation.builder = reader.take("builder").as_string("builder");
  for (const auto& argument : reader.take("args").as_array("args")) {
    derivation.arguments.push_back(argument.as_string("an argument"));
  }
  parse_environment(reader.take("env"), reader.take_optional("structuredAttrs"), text, derivation);
  reader.finish();
  check_derivation_form(derivation);
  return derivation;
}

}  // namespace

std::string print_derivation_json(const Derivation& derivation) {
  return with_context(
      [&] { return "while printing derivation '" + derivation.name + "'"; },
      [&] { return translated([&] { return to_json(derivation).dump(2) + "\n"; }); });
}

Derivation parse_derivation_json(const StoreDir& store, std::string_view text) {
  return from_json(store, JsonValue::parse(text), text);
}

std::string print_derivations_json(const std::map<StorePath, Derivation>& derivations) {
  json value = {{"version", kVersion}, {"derivations", json::object()}};
  for (const auto& [path, derivation] : derivations) {
    with_context([&, &path = path] { return "while printing '" + path.base_name() + "'"; },
                 [&, &path = path, &derivation = derivation] {
                   value["derivations"][path.base_name()] =
                       translated([&] { return to_json(derivation); });
                 });
  }
  return translated([&] { return value.dump(2) + "\n"; });
}

std::map<StorePath, Derivation> parse_derivations_json(const StoreDir& store,
                                                       std::string_view text) {
  const auto value = JsonValue::parse(text);
  JsonObjectReader reader(value, "the text");
  check_version(reader.take("version"), text);
  std::map<StorePath, Derivation> derivations;
  for (const auto& [base_name, member] : reader.take("derivations").as_object("derivations")) {
    const auto path = StorePath::parse(base_name);
    auto derivation = from_json(store, member, text);
    if (!path.is_derivation() || path.derivation_name() != derivation.name) {
      throw InvalidError("derivation '" + base_name + "' says that its name is '" +
                         derivation.name + "'");
    }
    derivations.emplace(path, std::move(derivation));
  }
  reader.finish();
  return derivations;
}

}  // namespace grange
