#include "derivation/hash_modulo.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

/// Derivations of a directory with their modulos, computed bottom up.
class Closure {
 public:
  explicit Closure(const Texts& texts) {
    for (const auto& [base_name, text] : texts) {
      const auto path = StorePath::parse(base_name);
      derivations_.emplace(path, parse_aterm(kNix, path.derivation_name(), text));
    }
  }

  const Derivation& derivation(const StorePath& path) const { return derivations_.at(path); }
  const DerivationModulo* modulo(const StorePath& path) {
    const auto known = modulos_.find(path);
    if (known != modulos_.end()) return &known->second;
    const auto found = derivations_.find(path);
    if (found == derivations_.end()) return nullptr;
    const auto computed = hash_modulo(kNix, found->second, lookup());
    return computed ? &modulos_.emplace(path, *computed).first->second : nullptr;
  }
  ModuloLookup lookup() {
    return [this](const StorePath& path) { return modulo(path); };
  }

 private:
  std::map<StorePath, Derivation> derivations_;
  std::map<StorePath, DerivationModulo> modulos_;
};

// The table of nix-store.md §4.2, of Nix 2.8.
TEST(HashModulo, AgreesWithNix) {
  Closure closure(read_texts(golden_directory("nix-store")));
  const auto masked = [&](const char* base_name) {
    return base16_encode(closure.modulo(StorePath::parse(base_name))->hash.masked);
  };
  EXPECT_EQ(masked("5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv"),
            "95a429343309fc4efba7b3e7905f3f9967c48aae5de262faaab2b3e851e40acd");
  EXPECT_EQ(masked("pvxn8r7rl5mz33zc69hmgw55vxffb1qw-two.drv"),
            "cc394719cb6a790b2178ce78a5543850a878abc36212d68862cda92335b69ac0");
  for (const char* fixed : {"4jg3ahy9wivwqhj18gp5hw2mbqsndrz9-fixed.drv",
                            "c009my1zw8lx1b5qji8c0j08brykh4vs-fixed.drv"}) {
    EXPECT_EQ(masked(fixed), "9c2efc4919e85b450f6aba88f9a3c5be07ddca7d4eeff0016e96725c5bd80c91");
  }
  EXPECT_EQ(masked("wpawnrxbwdz5rfzd09i72n0fllh21gcw-fixedr.drv"),
            "63b21da5809e171948452df954f69634283e516478e447bc30d943c064bd62ec");
  for (const char* top :
       {"0v5p4lf02k1wvk59i80ws78bzjv2i324-top.drv", "50qq661b5fiqg0ca0s56vqhyzzww4kqq-top.drv"}) {
    EXPECT_EQ(masked(top), "f4670ef88453ef50e1850847814a2a25b781e0c31eba6811d18c9323f1810381");
  }
  EXPECT_EQ(masked("c8xmaqq10bh97dzcn8wfsbwlbx7sksvs-c1.drv"),
            "6ece7b1b18ead544dbdc5cfdf6c6e3fe2a574551b7dc79c47109ffcb86c55716");
  EXPECT_EQ(masked("58x69yxm6g0skkkz86c8pcylng2dlai3-c2.drv"),
            "2f9861c8154816266741885b9573078b9796e0ff9a68a87dd89c53e232d9d3f1");
  EXPECT_EQ(masked("75cvr4x196v6vyy8zd2fyw6svp9cvi95-deferred.drv"),
            "df617692bc2f2063fa3ddb2cc10b1b47734e5e577040e062e33f267e6963c471");
  EXPECT_EQ(masked("7vd5qjqlkflj4wr2iqc3mk245zahnwky-imp.drv"),
            "ddffc26775f61118da8597d1f2f62c544ec92461b31b5b1075ed8689a7ee8292");
}

TEST(HashModulo, OutputPathsAreWhatNixStates) {
  const auto texts = read_texts(golden_directory("nix-store"));
  Closure closure(texts);
  for (const auto& [base_name, text] : texts) {
    const auto path = StorePath::parse(base_name);
    const auto& derivation = closure.derivation(path);
    const auto* modulo = closure.modulo(path);
    ASSERT_NE(modulo, nullptr) << base_name;
    EXPECT_NO_THROW(check_derivation(kNix, derivation, *modulo)) << base_name;
    const auto paths = output_paths(kNix, derivation, *modulo);
    for (const auto& [name, output] : derivation.outputs) {
      const auto stated = derivation.stated_path(name);
      EXPECT_EQ(stated.has_value(), paths.contains(name)) << base_name;
      if (stated) {
        EXPECT_EQ(*stated, paths.at(name));
      }
    }
  }
}

Derivation leaf() {
  const auto texts = read_texts(golden_directory("nix-store"));
  return parse_aterm(kNix, "leaf", texts.at("5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv"));
}

TEST(CheckDerivation, SaysWhatWasSpecifiedAndGot) {
  const auto modulo = hash_modulo(kNix, leaf(), no_inputs).value();
  const auto message = [&](const Derivation& derivation) {
    try {
      check_derivation(kNix, derivation, modulo);
    } catch (const InvalidError& error) {
      return error.message();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(message(leaf()), "accepted");
  auto forged = leaf();
  forged.outputs.at("out") =
      InputAddressedOutput{StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-leaf")};
  EXPECT_EQ(message(forged),
            "path of output 'out' of derivation 'leaf': specified "
            "'/nix/store/a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-leaf', got "
            "'/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf'");
  auto variable = leaf();
  variable.environment["out"] = "/elsewhere";
  EXPECT_NE(message(variable).find("variable 'out'"), std::string::npos);
  variable.environment.erase("out");
  EXPECT_NE(message(variable).find("specified ''"), std::string::npos);
}

TEST(CheckDerivation, RefusesPathsThatCannotBeKnown) {
  auto modulo = hash_modulo(kNix, leaf(), no_inputs).value();
  modulo.paths_unknown = true;
  EXPECT_THROW(check_derivation(kNix, leaf(), modulo), InvalidError);
}

TEST(HashModulo, NeedsEveryInput) {
  auto derivation = leaf();
  derivation.inputs[StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-x.drv")].outputs = {"out"};
  EXPECT_FALSE(hash_modulo(kNix, derivation, no_inputs));
}

TEST(HashModulo, InputsWithEqualHashesBecomeOne) {
  const DerivationModulo one{{sha256("m1"), sha256("u1")}, false};
  const DerivationModulo other{{sha256("m2"), sha256("u2")}, false};
  const auto a = StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-x.drv");
  const auto b = StorePath::parse("b015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-x.drv");
  const auto masked = [&](std::set<std::string, std::less<>> of_a,
                          std::set<std::string, std::less<>> of_b, bool equal) {
    auto derivation = leaf();
    if (!of_a.empty()) derivation.inputs[a].outputs = std::move(of_a);
    if (!of_b.empty()) derivation.inputs[b].outputs = std::move(of_b);
    return hash_modulo(kNix, derivation,
                       [&](const StorePath& path) { return path == a || equal ? &one : &other; })
        ->hash.masked;
  };
  EXPECT_EQ(masked({"dev"}, {"lib", "out"}, true), masked({"dev", "lib", "out"}, {}, true));
  EXPECT_EQ(masked({"out"}, {"out"}, true), masked({"out"}, {}, true));
  EXPECT_NE(masked({"dev"}, {"out"}, false), masked({"dev", "out"}, {}, false));
}

TEST(HashModulo, DynamicInputsLeaveItUndefined) {
  auto derivation = leaf();
  auto& input = derivation.inputs[StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-x.drv")];
  input.dynamic["out"].outputs = {"out"};
  const DerivationModulo known{};
  EXPECT_FALSE(hash_modulo(kNix, derivation, [&](const StorePath&) { return &known; }));
}

TEST(FillInOutputs, GivesDeferredOutputsTheirPaths) {
  auto derivation = leaf();
  derivation.outputs.at("out") = DeferredOutput{};
  derivation.environment["out"] = "";
  fill_in_outputs(kNix, derivation, no_inputs);
  EXPECT_EQ(derivation, leaf());

  derivation.outputs.at("out") = DeferredOutput{};
  derivation.environment.erase("out");
  fill_in_outputs(kNix, derivation, no_inputs);
  EXPECT_EQ(derivation, leaf()) << "a variable that is missing counts as empty";
}

TEST(FillInOutputs, LeavesWhatCannotBeKnown) {
  auto derivation = leaf();
  derivation.outputs.at("out") = DeferredOutput{};
  derivation.inputs[StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-x.drv")].outputs = {"out"};
  const auto before = derivation;
  fill_in_outputs(kNix, derivation, no_inputs);
  EXPECT_EQ(derivation, before);
  const DerivationModulo floating{{}, true};
  fill_in_outputs(kNix, derivation, [&](const StorePath&) { return &floating; });
  EXPECT_EQ(derivation, before);
}

}  // namespace
}  // namespace grange
