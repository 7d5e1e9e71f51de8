#include "build/resolved_recipe.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(ResolvedRecipe, DynamicInputsAreRefusedByName) {
  const auto input = StorePath::parse(std::string(32, 'a') + "-maker.drv");
  Derivation derivation;
  derivation.name = "above";
  derivation.builder = "/bin/sh";
  derivation.system = "x86_64-linux";
  derivation.outputs.emplace("out", DeferredOutput{});
  derivation.inputs[input].dynamic["plan"].outputs.insert("out");
  const auto nowhere = [](const StorePath&, std::string_view) -> std::optional<StorePath> {
    ADD_FAILURE() << "there is nothing to look up";
    return std::nullopt;
  };
  try {
    resolve_recipe(StoreDir::nix(), derivation, nowhere);
    FAIL() << "it was resolved";
  } catch (const InvalidError& error) {
    EXPECT_EQ(error.message(),
              "it has inputs that are outputs of derivations (dynamic inputs): output 'plan' of "
              "'/nix/store/" +
                  input.base_name() + "' is to be a derivation itself");
  }
}

}  // namespace
}  // namespace grange
