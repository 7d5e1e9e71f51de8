#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "compare/value_difference.h"
#include "derivation/package_name.h"
#include "pages/derivation_view.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/path_links.h"
#include "pages/text_difference.h"
#include "record/derivations.h"

namespace grange {
namespace {

/// Of longer values only the beginning is compared line by line.
constexpr std::size_t kComparedValue = std::size_t{256} * 1024;
constexpr std::size_t kShownLines = 2000;

/// Every field as a text, by the name that people know it by.
std::map<std::string, std::string> fields_of(const Derivation& derivation) {
  std::map<std::string, std::string> fields;
  fields["name"] = derivation.name;
  fields["system"] = derivation.system;
  fields["builder"] = derivation.builder;
  for (std::size_t i = 0; i < derivation.arguments.size(); ++i) {
    fields["argument " + std::to_string(i + 1)] = derivation.arguments[i];
  }
  for (const auto& [name, output] : derivation.outputs) {
    fields["output " + name] = promise_text(output);
  }
  for (const auto& [name, value] : derivation.environment) fields["env." + name] = value;
  return fields;
}

ApiJson lines_of_difference(std::string_view base, std::string_view head) {
  ApiJson lines = ApiJson::array();
  for (const auto& line :
       text_difference(base.substr(0, kComparedValue), head.substr(0, kComparedValue))) {
    if (lines.size() == kShownLines) break;
    using Kind = DifferenceLine::Kind;
    ApiJson spans = ApiJson::array();
    for (const auto& span : line.spans) {
      spans.push_back({{"text", span.text}, {"changed", span.changed}});
    }
    lines.push_back({{"spans", std::move(spans)},
                     {"removed", line.kind == Kind::removed},
                     {"added", line.kind == Kind::added},
                     {"kept", line.kind == Kind::kept},
                     {"leftOut", line.count == 0 ? ApiJson()
                                                 : ApiJson(count_text(
                                                       static_cast<std::int64_t>(line.count)))}});
  }
  return lines;
}

/// What of each name, "zlib", only one of the two has.
struct Unpaired {
  std::vector<StorePath> base;
  std::vector<StorePath> head;
};

template <typename Has>
std::map<std::string, Unpaired> by_package(const std::vector<StorePath>& base,
                                           const std::vector<StorePath>& head, const Has& has) {
  std::map<std::string, Unpaired> groups;
  const auto key = [](const StorePath& path) {
    return std::string(package_name(path.is_derivation() ? path.derivation_name() : path.name()));
  };
  for (const auto& path : base) {
    if (!has(head, path)) groups[key(path)].base.push_back(path);
  }
  for (const auto& path : head) {
    if (!has(base, path)) groups[key(path)].head.push_back(path);
  }
  return groups;
}

/// [{"base", "after", "differenceUrl", "equivalent"}]; `sets`: output sets by file name.
ApiJson pairs_view(const std::vector<StorePath>& base, const std::vector<StorePath>& head,
                   const std::map<std::string, OutputSetId>& sets) {
  const auto has = [](const std::vector<StorePath>& list, const StorePath& path) {
    return std::binary_search(list.begin(), list.end(), path);
  };
  const auto view = [](const StorePath& path) -> ApiJson {
    return {{"name", path.is_derivation() ? path.derivation_name() : path.name()},
            {"path", path.base_name()},
            {"url", store_path_url(path.base_name())}};
  };
  const auto set_of = [&](const StorePath& path) {
    const auto found = sets.find(path.base_name());
    return found == sets.end() ? std::nullopt : std::optional(found->second);
  };
  ApiJson rows = ApiJson::array();
  for (const auto& [package, group] : by_package(base, head, has)) {
    for (std::size_t i = 0; i < std::max(group.base.size(), group.head.size()); ++i) {
      const auto* b = i < group.base.size() ? &group.base[i] : nullptr;
      const auto* h = i < group.head.size() ? &group.head[i] : nullptr;
      ApiJson row{{"base", b != nullptr ? view(*b) : ApiJson()},
                  {"after", h != nullptr ? view(*h) : ApiJson()},
                  {"differenceUrl", nullptr},
                  {"equivalent", false}};
      if (b != nullptr && h != nullptr && b->is_derivation() && h->is_derivation()) {
        row["differenceUrl"] = derivation_url(b->base_name()) + "/diff/" + url_part(h->base_name());
        row["equivalent"] = set_of(*b).has_value() && set_of(*b) == set_of(*h);
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<StorePath> inputs_of(const Derivation& derivation) {
  std::vector<StorePath> inputs;
  for (const auto& [path, used] : derivation.inputs) inputs.push_back(path);
  return inputs;
}

/// Of the inputs of both, which have been seen with them.
std::map<std::string, OutputSetId> output_sets_of_inputs(const PageCall& call,
                                                         const ShownDerivation& base,
                                                         const ShownDerivation& head) {
  std::vector<std::int64_t> ids;
  for (const auto* shown : {&base, &head}) {
    for (const auto& input : shown->json["inputs"]) ids.push_back(input["id"].get<std::int64_t>());
  }
  return call.site.context().farm.database().read([&](Database& database) {
    std::map<std::string, OutputSetId> sets;
    for (const auto& row : Derivations(database).find(std::span<const std::int64_t>(ids))) {
      if (row.output_set) sets.emplace(row.path.base_name(), *row.output_set);
    }
    return sets;
  });
}

}  // namespace

ApiJson recipe_difference_view(const PageCall& call, const ShownDerivation& base,
                               const ShownDerivation& head) {
  auto base_fields = fields_of(base.derivation);
  auto head_fields = fields_of(head.derivation);
  std::set<std::string> names;
  for (const auto* fields : {&base_fields, &head_fields}) {
    for (const auto& [name, value] : *fields) names.insert(name);
  }
  ApiJson fields = ApiJson::array();
  ApiJson paths_only = ApiJson::array();
  for (const auto& name : names) {
    const auto b = base_fields.find(name);
    const auto h = head_fields.find(name);
    const bool both = b != base_fields.end() && h != head_fields.end();
    if (both && b->second == h->second) continue;
    if (both &&
        with_paths_by_name(base.store, b->second) == with_paths_by_name(head.store, h->second)) {
      paths_only.push_back(name);
      continue;
    }
    const auto text_of = [&](const auto& at, const auto& map) {
      return at == map.end() ? std::string() : at->second;
    };
    fields.push_back(
        {{"name", name},
         {"onlyBase", h == head_fields.end()},
         {"onlyHead", b == base_fields.end()},
         {"lines", lines_of_difference(text_of(b, base_fields), text_of(h, head_fields))}});
  }
  const auto sets = output_sets_of_inputs(call, base, head);
  const auto sources = [](const Derivation& derivation) {
    return std::vector<StorePath>(derivation.input_sources.begin(), derivation.input_sources.end());
  };
  auto inputs = pairs_view(inputs_of(base.derivation), inputs_of(head.derivation), sets);
  auto other_sources = pairs_view(sources(base.derivation), sources(head.derivation), sets);
  const bool any = !fields.empty() || !inputs.empty() || !other_sources.empty();
  return {{"anyFields", !fields.empty()},
          {"fields", std::move(fields)},
          {"anyPathsOnly", !paths_only.empty()},
          {"pathsOnly", std::move(paths_only)},
          {"anyInputs", !inputs.empty()},
          {"inputs", std::move(inputs)},
          {"anySources", !other_sources.empty()},
          {"sources", std::move(other_sources)},
          {"any", any}};
}

}  // namespace grange
