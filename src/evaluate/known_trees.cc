#include "evaluate/known_trees.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace grange {
namespace {

constexpr std::uint64_t kLargestKnown = std::uint64_t{1} << 20;

}  // namespace

std::filesystem::path KnownTrees::file_of(const std::string& key) const {
  return space_.known() /
         (hash_bytes(HashAlgorithm::sha256, key).digits(HashFormat::base16) + ".json");
}

std::optional<KnownTree> KnownTrees::find(const std::string& key) const {
  const auto text = try_read_file(file_of(key), kLargestKnown);
  if (!text) return std::nullopt;
  // Ours, but a disk may have damaged it: then it is fetched again.
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("path") || !json["path"].is_string()) {
    return std::nullopt;
  }
  auto path = StorePath::try_parse(json["path"].get<std::string>());
  if (!path) return std::nullopt;
  store_.add_temporary_root(*path);
  if (!store_.is_valid(*path)) return std::nullopt;
  KnownTree tree{std::move(*path), {}};
  for (const auto& [name, value] : json.items()) {
    if (name != "path" && value.is_string()) tree.facts.emplace(name, value.get<std::string>());
  }
  return tree;
}

KnownTree KnownTrees::add(const std::string& key, const std::filesystem::path& tree,
                          std::map<std::string, std::string> facts) const {
  KnownTree known{
      store_.add_tree(tree, "source", {ContentMethod::recursive, HashAlgorithm::sha256}),
      std::move(facts)};
  remember(key, known);
  return known;
}

void KnownTrees::remember(const std::string& key, const KnownTree& tree) const {
  nlohmann::json json(tree.facts);
  json["path"] = tree.path.base_name();
  write_file(file_of(key), json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace grange
