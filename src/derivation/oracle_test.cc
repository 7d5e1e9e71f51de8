#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/compression.h"
#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/derivation_json.h"
#include "derivation/hash_modulo.h"
#include "derivation/realisation.h"
#include "derivation/resolve.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

using nlohmann::json;

/// What others said of real derivations; skips the test where it is absent.
#define ORACLE(file, name)                       \
  const auto file = shared_data("oracle/" name); \
  if (!file) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)"

/// The files of the archive of real derivations.
class RealDerivations {
 public:
  explicit RealDerivations(const std::filesystem::path& archive)
      : texts_(texts_of_tar(decompress(Compression::zstd, read_file(archive)))) {}

  Derivation derivation(const StorePath& path) const {
    return parse_aterm(kNix, path.derivation_name(), texts_.at(path.base_name()));
  }
  const DerivationModulo* modulo(const StorePath& path) {
    if (const auto known = modulos_.find(path); known != modulos_.end()) return &known->second;
    const auto found = hash_modulo(kNix, derivation(path),
                                   [this](const StorePath& input) { return modulo(input); });
    return &modulos_.emplace(path, found.value()).first->second;
  }

 private:
  Texts texts_;
  std::map<StorePath, DerivationModulo> modulos_;
};

TEST(Oracle, HashModuloOfRealDerivations) {
  ORACLE(oracle, "hash-modulo.json");
  RealDerivations real(*shared_data("drvs.tar.zst"));
  const auto entries = json::parse(read_file(*oracle));
  for (const auto& [full, specified] : entries.items()) {
    const auto path = kNix.parse_path(full);
    const auto derivation = real.derivation(path);
    const auto* modulo = real.modulo(path);
    for (const auto& [output, path_of_output] : output_paths(kNix, derivation, *modulo)) {
      EXPECT_EQ(base16_encode(modulo->hash.masked), specified["hashModuloMasked"][output]) << full;
      EXPECT_EQ(base16_encode(modulo->hash.unmasked), specified["hashModulo"][output]) << full;
      EXPECT_EQ(kNix.print(path_of_output), specified["outPaths"][output]) << full;
    }
    EXPECT_NO_THROW(check_derivation(kNix, derivation, *modulo)) << full;
  }
}

TEST(Oracle, ShownDerivationsAreThoseOfTheirTexts) {
  ORACLE(oracle, "show-derivation.json.zst");
  const auto text = decompress(Compression::zstd, read_file(*oracle));
  const auto shown = parse_show_derivation(kNix, text);
  EXPECT_EQ(shown.size(), 320U);
  for (const auto& [path, derivation] : shown) {
    EXPECT_EQ(derivation_path(kNix, derivation), path);
    EXPECT_EQ(parse_derivation_json(kNix, print_derivation_json(derivation)), derivation);
  }
  EXPECT_EQ(json::parse(print_show_derivation(kNix, shown)), json::parse(text));
}

TEST(Oracle, EveryKindIsShownByteForByte) {
  ORACLE(oracle, "ca/show-derivation.json");
  std::map<StorePath, Derivation> derivations;
  for (const auto& [base_name, text] : read_texts(*shared_data("oracle/ca/drv"))) {
    const auto path = StorePath::parse(base_name);
    derivations.emplace(path, parse_aterm(kNix, path.derivation_name(), text));
  }
  const auto text = read_file(*oracle);
  EXPECT_EQ(print_show_derivation(kNix, derivations), text);
  EXPECT_EQ(parse_show_derivation(kNix, text), derivations);
}

/// The realisations that Nix registered, by derivation.
std::map<StorePath, std::vector<Realisation>> registered(const std::filesystem::path& file) {
  std::map<StorePath, std::vector<Realisation>> realisations;
  std::optional<StorePath> path;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) path = kNix.parse_path(line.substr(line.rfind(' ') + 1));
    if (!line.starts_with("[")) continue;
    const auto entries = json::parse(line);
    for (const auto& each : entries) {
      realisations[path.value()].push_back(Realisation::parse(each.dump()));
      EXPECT_EQ(realisations[*path].back().to_json(), each.dump());
    }
  }
  return realisations;
}

// Resolving with what Nix built gives derivations that Nix has too, with the outputs that it built.
TEST(Oracle, ResolvingGivesWhatNixResolvedTo) {
  ORACLE(oracle, "ca/realisation-info.txt");
  const auto texts = read_texts(*shared_data("oracle/ca/drv"));
  std::map<std::pair<StorePath, std::string>, StorePath> paths;
  for (const auto& [path, realisations] : registered(*oracle)) {
    for (const auto& each : realisations)
      paths.emplace(std::pair{path, each.id.output}, each.out_path);
  }
  EXPECT_EQ(paths.size(), 31U);
  const auto lookup = [&](const StorePath& path,
                          std::string_view output) -> std::optional<StorePath> {
    const auto found = paths.find({path, std::string(output)});
    if (found == paths.end()) return std::nullopt;
    return found->second;
  };
  std::size_t resolved_count = 0;
  std::map<std::string, StorePath> resolved_names;
  for (const auto& [base_name, text] : texts) {
    const auto path = StorePath::parse(base_name);
    const auto derivation = parse_aterm(kNix, path.derivation_name(), text);
    if (derivation.inputs.empty() || derivation.kind() == DerivationKind::input_addressed) continue;
    const auto resolution = resolve(kNix, derivation, lookup);
    if (!resolution.resolved) continue;
    ++resolved_count;
    for (const auto& [output, value] : resolution.resolved->outputs) {
      if (!std::holds_alternative<InputAddressedOutput>(value)) continue;
      EXPECT_EQ(std::get<InputAddressedOutput>(value).path, lookup(path, output)) << base_name;
    }
    // Early cutoff: what was written twice resolves to one derivation.
    const auto own = derivation_path(kNix, *resolution.resolved);
    const auto [first, is_new] = resolved_names.emplace(derivation.name, own);
    EXPECT_EQ(first->second, own) << base_name;
    EXPECT_TRUE(texts.contains(own.base_name())) << own.base_name();
  }
  EXPECT_EQ(resolved_count, 9U);
}

}  // namespace
}  // namespace grange
