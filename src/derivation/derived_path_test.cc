#include "derivation/derived_path.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

const std::string kDerivedBase = "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo.drv";
const std::string kDerivedPlain = "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo";

TEST(DerivedPath, EveryFormPrintsAsItWasRead) {
  const auto store = StoreDir::nix();
  for (const auto form : {DerivedPathForm::wire, DerivedPathForm::human}) {
    const std::string mark(1, static_cast<char>(form));
    for (const auto& text :
         {kDerivedPlain, kDerivedBase, kDerivedBase + mark + "*", kDerivedBase + mark + "a,b",
          kDerivedBase + mark + "bar" + mark + "baz,quux",
          kDerivedBase + mark + "x" + mark + "*"}) {
      EXPECT_EQ(DerivedPath::parse(store, text, form).print(store, form), text);
    }
  }
}

TEST(DerivedPath, OldFormTakesABareDerivationForAllOutputs) {
  const auto store = StoreDir::nix();
  EXPECT_EQ(DerivedPath::parse_old(store, kDerivedBase).kind, DerivedPath::Kind::all);
  EXPECT_EQ(DerivedPath::parse_old(store, kDerivedPlain).kind, DerivedPath::Kind::opaque);
  for (const auto& text : {kDerivedPlain, kDerivedBase, kDerivedBase + "!a,b"}) {
    EXPECT_EQ(DerivedPath::parse_old(store, text).print_old(store), text);
  }
  const auto itself = DerivedPath::parse(store, kDerivedBase, DerivedPathForm::wire);
  EXPECT_THROW(itself.print_old(store), InvalidError);
  const auto nested = DerivedPath::parse(store, kDerivedBase + "!a!b", DerivedPathForm::wire);
  EXPECT_THROW(nested.print_old(store), InvalidError);
}

TEST(DerivedPath, RefusesWhatIsNone) {
  const auto store = StoreDir::nix();
  for (const auto& text : {std::string(), std::string("!*"), kDerivedBase + "!",
                           kDerivedBase + "!a,", kDerivedBase + "!!a", kDerivedPlain + "!out",
                           kDerivedBase + "!*!a", kDerivedBase + "!a b", kDerivedBase + "^*"}) {
    EXPECT_THROW(DerivedPath::parse(store, text, DerivedPathForm::wire), InvalidError) << text;
    EXPECT_THROW(DerivedPath::parse_old(store, text), InvalidError) << text;
  }
  std::string deep = kDerivedBase;
  for (int i = 0; i < 20; ++i) deep += "!a";
  EXPECT_THROW(DerivedPath::parse(store, deep, DerivedPathForm::wire), InvalidError);
}

}  // namespace
}  // namespace grange
