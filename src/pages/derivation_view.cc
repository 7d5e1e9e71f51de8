#include "pages/derivation_view.h"

#include <nlohmann/json.hpp>

#include "derivation/aterm.h"
#include "pages/page_values.h"
#include "pages/path_links.h"

namespace grange {
namespace {

constexpr std::size_t kShownValue = std::size_t{64} * 1024;

/// A name with a value that is read on one line, or on several.
ApiJson named_value(std::string_view store, std::string_view name, const std::string& value) {
  constexpr std::size_t kLongLine = 160;
  const bool is_long = value.size() > kLongLine || value.find('\n') != value.npos;
  return {
      {"name", name},
      {"value", linked_text(store, value, kShownValue)},
      {"long", is_long},
      {"size", is_long ? ApiJson(size_text(static_cast<std::int64_t>(value.size()))) : ApiJson()}};
}

struct PromiseText {
  std::string operator()(const InputAddressedOutput&) const { return "by its inputs"; }
  std::string operator()(const FixedOutput& output) const {
    return "fixed, " + output.address.to_string();
  }
  std::string operator()(const FloatingOutput& output) const {
    return "by its content, " + output.promise.to_string();
  }
  std::string operator()(const ImpureOutput& output) const {
    return "impure, " + output.promise.to_string();
  }
  std::string operator()(const DeferredOutput&) const {
    return "by its inputs, once they are known";
  }
};

}  // namespace

std::string promise_text(const DerivationOutput& output) {
  return std::visit(PromiseText{}, output);
}

ShownDerivation read_derivation(const PageCall& call, const std::string& name) {
  auto json = call.get("/api/v1/derivations/" + url_part(name));
  auto base_name = json["derivation"].get<std::string>();
  const auto& store = call.site.context().farm.workshop().config().store_dir;
  const auto text = call.site.get_text(call.http.request,
                                       "/api/v1/derivations/" + url_part(base_name) + "/recipe");
  auto derivation = parse_aterm(store, json["name"].get<std::string>(), text);
  return {std::move(json), std::move(base_name), store.str(), std::move(derivation)};
}

ApiJson recipe_view(const ShownDerivation& shown) {
  const auto& derivation = shown.derivation;
  ApiJson arguments = ApiJson::array();
  for (const auto& argument : derivation.arguments) {
    arguments.push_back(named_value(shown.store, std::to_string(arguments.size() + 1), argument));
  }
  ApiJson variables = ApiJson::array();
  for (const auto& [name, value] : derivation.environment) {
    variables.push_back(named_value(shown.store, name, value));
  }
  ApiJson outputs = ApiJson::array();
  for (const auto& [name, output] : derivation.outputs) {
    const auto path = derivation.stated_path(name);
    outputs.push_back({{"name", name},
                       {"path", path ? ApiJson(shown.store + "/" + path->base_name()) : ApiJson()},
                       {"url", path ? ApiJson(store_path_url(path->base_name())) : ApiJson()},
                       {"promise", promise_text(output)}});
  }
  ApiJson sources = ApiJson::array();
  for (const auto& source : derivation.input_sources) {
    sources.push_back({{"name", source.base_name()}, {"url", store_path_url(source.base_name())}});
  }
  return {{"builder", linked_text(shown.store, derivation.builder)},
          {"arguments", std::move(arguments)},
          {"variables", std::move(variables)},
          {"outputs", std::move(outputs)},
          {"sources", std::move(sources)},
          {"anySources", !derivation.input_sources.empty()}};
}

}  // namespace grange
