#include "build/references_graph.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "derivation/aterm.h"

namespace grange {
namespace {

std::set<StorePath> outputs_of(LocalStore& store, const StorePath& path) {
  const auto text = read_file(store.real_path(path));
  const auto derivation = parse_aterm(store.store_dir(), path.derivation_name(), text);
  std::set<StorePath> outputs;
  for (const auto& [name, output] : derivation.outputs) {
    auto stated = derivation.stated_path(name);
    if (!stated) {
      throw InvalidError(
          fmt::format("cannot export the references of '{}': where its output '{}' is, is not "
                      "known before it is built",
                      store.store_dir().print(path), name));
    }
    outputs.insert(*std::move(stated));
  }
  return outputs;
}

/// The object that a text names: with structured attributes itself, else also anything below it.
StorePath named_object(const StoreDir& store, std::string_view text, bool structured) {
  const auto prefix = store.str() + "/";
  if (text.starts_with(prefix)) {
    auto base_name = text.substr(prefix.size());
    if (!structured) base_name = base_name.substr(0, base_name.find('/'));
    if (auto path = StorePath::try_parse(base_name)) return *std::move(path);
  }
  throw InvalidError(
      fmt::format("'exportReferencesGraph' contains a non-store path '{}'", printable(text)));
}

/// Sums of NAR sizes over each path's closure, by index.
std::vector<std::uint64_t> closure_sizes(const std::vector<PathInfo>& infos) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < infos.size(); ++i) index.emplace(infos[i].path.base_name(), i);
  std::vector<std::vector<std::size_t>> references(infos.size());
  for (std::size_t i = 0; i < infos.size(); ++i) {
    for (const auto& path : infos[i].references) {
      references[i].push_back(index.at(path.base_name()));
    }
  }
  std::vector<std::uint64_t> sizes;
  std::vector<std::size_t> seen_for(infos.size(), infos.size());  // in whose closure last seen
  for (std::size_t root = 0; root < infos.size(); ++root) {
    std::uint64_t size = 0;
    std::vector<std::size_t> unseen{root};
    while (!unseen.empty()) {
      const auto at = unseen.back();
      unseen.pop_back();
      if (std::exchange(seen_for[at], root) == root) continue;
      size += infos[at].nar_size;
      unseen.insert(unseen.end(), references[at].begin(), references[at].end());
    }
    sizes.push_back(size);
  }
  return sizes;
}

}  // namespace

std::vector<PathInfo> export_references(LocalStore& store, const std::set<StorePath>& paths,
                                        const std::set<StorePath>& input_closure) {
  for (const auto& path : paths) {
    if (input_closure.contains(path)) continue;
    throw InvalidError(
        fmt::format("cannot export references of path '{}' because it is not in the input closure "
                    "of the derivation",
                    store.store_dir().print(path)));
  }
  auto closure = store.closure(paths);
  std::set<StorePath> outputs;
  for (const auto& path : closure) {
    if (path.is_derivation()) outputs.merge(outputs_of(store, path));
  }
  if (!outputs.empty()) closure.merge(store.closure(outputs));
  std::vector<PathInfo> infos;
  infos.reserve(closure.size());
  for (const auto& path : closure) {
    auto info = store.path_info(path);
    if (!info) {
      throw NotFoundError("path '" + store.store_dir().print(path) + "' is no longer valid");
    }
    infos.push_back(*std::move(info));
  }
  return infos;
}

std::string registration_text(const StoreDir& store, const std::vector<PathInfo>& infos) {
  std::string text;
  for (const auto& info : infos) {
    text += store.print(info.path) + "\n\n" + std::to_string(info.references.size()) + "\n";
    for (const auto& reference : info.references) text += store.print(reference) + "\n";
  }
  return text;
}

std::string graph_json(const StoreDir& store, const std::vector<PathInfo>& infos) {
  const auto sizes = closure_sizes(infos);
  auto json = nlohmann::json::array();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const auto& info = infos[i];
    auto references = nlohmann::json::array();
    for (const auto& reference : info.references) references.push_back(store.print(reference));
    nlohmann::json path = {{"path", store.print(info.path)},
                           {"narHash", info.nar_hash.to_string(HashFormat::nix32)},
                           {"narSize", info.nar_size},
                           {"references", std::move(references)},
                           {"closureSize", sizes[i]}};
    if (info.content_address) path["ca"] = info.content_address->to_string();
    json.push_back(std::move(path));
  }
  return json.dump();
}

std::map<std::string, std::string> export_graphs(LocalStore& store,
                                                 const DerivationAttributes& attributes,
                                                 const std::set<StorePath>& input_closure) {
  const auto& store_dir = store.store_dir();
  std::map<std::string, std::string> graphs;
  for (const auto& graph : attributes.exported_graphs) {
    std::set<StorePath> paths;
    for (const auto& path : graph.paths) {
      paths.insert(named_object(store_dir, path, attributes.structured()));
    }
    const auto infos = export_references(store, paths, input_closure);
    graphs.insert_or_assign(graph.name, attributes.structured()
                                            ? graph_json(store_dir, infos)
                                            : registration_text(store_dir, infos));
  }
  return graphs;
}

}  // namespace grange
