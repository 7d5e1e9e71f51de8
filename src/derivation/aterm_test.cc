#include "derivation/aterm.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/aterm_reader.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

constexpr std::string_view kLeaf =
    R"(Derive([("out","/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf","","")],[],[],)"
    R"("x86_64-linux","/bin/sh",["-c","echo leaf > $out"],[("builder","/bin/sh"),("name","leaf"),)"
    R"(("out","/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf"),("system","x86_64-linux")]))";

TEST(Aterm, WorkedExample) {
  const auto leaf = parse_aterm(kNix, "leaf", kLeaf);
  EXPECT_EQ(leaf.kind(), DerivationKind::input_addressed);
  EXPECT_EQ(leaf.variable("name"), "leaf");
  EXPECT_FALSE(leaf.variable("names"));
  EXPECT_EQ(leaf.stated_path("out")->base_name(), "x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf");
  EXPECT_EQ(leaf.arguments, (std::vector<std::string>{"-c", "echo leaf > $out"}));
  EXPECT_EQ(print_aterm(leaf, kNix), kLeaf);
  EXPECT_EQ(derivation_path(kNix, leaf).base_name(), "5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv");
}

TEST(Aterm, GoldenDerivationsRoundTripAndHaveTheirPaths) {
  for (const char* directory : {"nix-store", "gnu-store"}) {
    const auto texts = read_texts(golden_directory(directory));
    EXPECT_GE(texts.size(), 4U);
    for (const auto& [base_name, text] : texts) {
      const auto path = StorePath::parse(base_name);
      const auto store = detect_store_dir(text).value_or(kNix);
      const auto derivation = parse_aterm(store, path.derivation_name(), text);
      EXPECT_EQ(print_aterm(derivation, store), text);
      if (base_name.ends_with("-c1.drv")) continue;  // names no store directory
      EXPECT_EQ(derivation_path(store, derivation), path);
    }
  }
}

TEST(Aterm, ReadsEveryKind) {
  const auto kind = [](const std::string& outputs) {
    const std::string text = "Derive([" + outputs + R"(],[],[],"s","b",[],[]))";
    const auto derivation = parse_aterm(kNix, "n", text);
    EXPECT_EQ(print_aterm(derivation, kNix), text);
    return derivation.kind();
  };
  const std::string path = "/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-n";
  const std::string md5 = "d41d8cd98f00b204e9800998ecf8427e";
  EXPECT_EQ(kind(R"(("a",")" + path + R"(-a","",""),("out",")" + path + R"(","",""))"),
            DerivationKind::input_addressed);
  EXPECT_EQ(kind(R"(("out",")" + path + R"(","md5",")" + md5 + R"("))"), DerivationKind::fixed);
  EXPECT_EQ(kind(R"(("out",")" + path + R"(","r:md5",")" + md5 + R"("))"), DerivationKind::fixed);
  EXPECT_EQ(kind(R"(("a","","r:sha256",""),("out","","r:sha256",""))"), DerivationKind::floating);
  EXPECT_EQ(kind(R"(("out","","sha1","impure"))"), DerivationKind::impure);
  EXPECT_EQ(kind(R"(("a","","",""),("out","","",""))"), DerivationKind::deferred);
}

TEST(Aterm, EscapesAndForeignBytes) {
  Derivation derivation = parse_aterm(kNix, "leaf", kLeaf);
  const std::string odd = std::string("a\"b\\c\nd\te\rf$") + '\0' + "\x01\xff\xc3\xa9";
  derivation.environment["q"] = odd;
  derivation.environment[odd] = "";
  derivation.arguments.push_back(odd);
  derivation.builder = odd;
  const auto text = print_aterm(derivation, kNix);
  EXPECT_NE(text.find(R"(("q","a\"b\\c\nd\te\rf$)"), std::string::npos);
  EXPECT_EQ(parse_aterm(kNix, "leaf", text), derivation);
}

TEST(Aterm, DynamicInputs) {
  const std::string text =
      R"(DrvWithVersion("xp-dyn-drv",[("out","","","")],[("/nix/store/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv",)"
      R"((["cat","dog"],[("cat",["kitten"]),("goose",([],[("egg",["yolk"])]))])),)"
      R"(("/nix/store/d015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-b.drv",["out"])],[],"s","b",[],[]))";
  const auto derivation = parse_aterm(kNix, "n", text);
  EXPECT_TRUE(derivation.has_dynamic_inputs());
  const auto& input = derivation.inputs.begin()->second;
  EXPECT_EQ(input.outputs, (std::set<std::string, std::less<>>{"cat", "dog"}));
  EXPECT_EQ(input.dynamic.at("goose").dynamic.at("egg").outputs.count("yolk"), 1U);
  EXPECT_EQ(print_aterm(derivation, kNix), text);
}

TEST(Aterm, DynamicNestingIsBounded) {
  const auto nested = [](int depth) {
    std::string open;
    std::string close;
    for (int i = 0; i < depth; ++i) {
      open += R"(([],[("o",)";
      close += ")])";
    }
    return R"(DrvWithVersion("xp-dyn-drv",[("out","","","")],[("/nix/store/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv",)" +
           open + R"(["x"])" + close + R"()],[],"s","b",[],[]))";
  };
  EXPECT_EQ(print_aterm(parse_aterm(kNix, "n", nested(32)), kNix), nested(32));
  EXPECT_THROW(parse_aterm(kNix, "n", nested(33)), InvalidError);
  EXPECT_THROW(parse_aterm(kNix, "n", nested(100000)), InvalidError);
}

TEST(Aterm, PrintingRefusesWhatTheFormatCannotHold) {
  Derivation derivation = parse_aterm(kNix, "leaf", kLeaf);
  derivation.system = "a\"b";
  EXPECT_THROW(print_aterm(derivation, kNix), InvalidError);
  derivation = parse_aterm(kNix, "leaf", kLeaf);
  derivation.inputs[StorePath::parse("c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv")];
  EXPECT_THROW(print_aterm(derivation, kNix), InvalidError);
}

TEST(Derivation, KindNeedsAnOutput) {
  const auto derivation = parse_aterm(kNix, "n", R"(Derive([],[],[],"s","b",[],[]))");
  EXPECT_THROW(derivation.kind(), InvalidError);
  EXPECT_EQ(to_string(DerivationKind::floating), "floating");
}

TEST(Derivation, References) {
  const auto derivation = parse_aterm(
      kNix, "n",
      R"(Derive([("out","","","")],[("/nix/store/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv",["out"])],)"
      R"(["/nix/store/b015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-s","/nix/store/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv"],)"
      R"("s","b",[],[("__json","1")]))");
  EXPECT_EQ(derivation_references(derivation).size(), 2U);
  EXPECT_FALSE(derivation.flag("__json") == false);
}

}  // namespace
}  // namespace grange
