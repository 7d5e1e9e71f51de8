#include "derivation/derivation_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "derivation/aterm.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

using nlohmann::json;

std::map<StorePath, Derivation> golden() {
  std::map<StorePath, Derivation> derivations;
  for (const auto& [base_name, text] : read_texts(golden_directory("nix-store"))) {
    const auto path = StorePath::parse(base_name);
    derivations.emplace(path, parse_aterm(kNix, path.derivation_name(), text));
  }
  return derivations;
}

std::pair<StorePath, Derivation> golden(const std::string& name) {
  for (const auto& entry : golden()) {
    if (entry.first.derivation_name() == name) return entry;
  }
  throw NotFoundError(name);
}

TEST(ShowDerivation, RoundTripsEveryKind) {
  const auto text = print_show_derivation(kNix, golden());
  EXPECT_EQ(parse_show_derivation(kNix, text), golden());
}

// What Nix 2.8 prints for its own derivation of this text.
TEST(ShowDerivation, IsWrittenAsNixWritesIt) {
  const auto [path, derivation] = golden("fixedr");
  EXPECT_EQ(print_show_derivation(kNix, {{path, derivation}}), R"({
  "/nix/store/wpawnrxbwdz5rfzd09i72n0fllh21gcw-fixedr.drv": {
    "outputs": {
      "out": {
        "path": "/nix/store/3zk17f0sjzfq34hhvykl5cicjqnj40wf-fixedr",
        "hashAlgo": "r:sha1",
        "hash": "0000000000000000000000000000000000000000"
      }
    },
    "inputSrcs": [],
    "inputDrvs": {},
    "system": "x86_64-linux",
    "builder": "/bin/sh",
    "args": [
      "-c",
      "printf hello > $out"
    ],
    "env": {
      "builder": "/bin/sh",
      "name": "fixedr",
      "out": "/nix/store/3zk17f0sjzfq34hhvykl5cicjqnj40wf-fixedr",
      "outputHash": "0000000000000000000000000000000000000000",
      "outputHashAlgo": "sha1",
      "outputHashMode": "recursive",
      "system": "x86_64-linux"
    }
  }
}
)");
}

TEST(ShowDerivation, KeepsBytesThatAreNotUtf8) {
  auto [path, derivation] = golden("leaf");
  derivation.environment["a"] = "x\x01\b\f\x1b\x7f\xff\xc3\xa9\xe2\x80\x98\"\\/\n\r\tend";
  const auto text = print_show_derivation(kNix, {{path, derivation}});
  EXPECT_NE(text.find("\"a\": \"x\\u0001\\u0008\\u000c\\u001b\x7f\xff\xc3\xa9\xe2\x80\x98"
                      "\\\"\\\\/\\n\\r\\tend\""),
            std::string::npos);
  EXPECT_EQ(parse_show_derivation(kNix, text).at(path), derivation);
  EXPECT_THROW(print_derivation_json(derivation), InvalidError);
}

TEST(ShowDerivation, CannotSayDynamicInputs) {
  auto [path, derivation] = golden("leaf");
  derivation.inputs[StorePath::parse("c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv")]
      .dynamic["out"]
      .outputs = {"out"};
  EXPECT_THROW(print_show_derivation(kNix, {{path, derivation}}), InvalidError);
  EXPECT_EQ(parse_derivation_json(kNix, print_derivation_json(derivation)), derivation);
}

TEST(ShowDerivation, RefusesWhatIsNotOfItsForm) {
  const auto good = print_show_derivation(kNix, {golden("leaf")});
  const auto refused = [&](const std::string& from, const std::string& to) {
    ASSERT_NE(good.find(from), std::string::npos) << from;
    EXPECT_THROW(parse_show_derivation(kNix, replace_all(good, from, to)), InvalidError) << to;
  };
  refused("\"outputs\"", "\"output\"");
  refused("\"path\"", "\"paths\"");
  refused("\"path\":", "\"hash\":");
  refused("\"system\": \"x86_64-linux\",\n    \"builder\"", "\"builder\"");
  refused("\"args\": [", "\"more\": 1, \"args\": [");
  refused("\"args\": [", "\"args\": [], \"args\": [");
  refused("\"-c\"", "3");
  refused("leaf.drv", "leaf");
  refused("/nix/store", "/gnu/store");
  refused("\"inputDrvs\": {}",
          R"("inputDrvs": {"/nix/store/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv": []})");
  refused("\"inputDrvs\": {}",
          R"("inputDrvs": {"/nix/store/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a": ["out"]})");
  refused("\"builder\": \"/bin/sh\",\n    \"args\"",
          "\"builder\": \"/bin/sh\", \"args\": [], \"x\"");
  EXPECT_THROW(parse_show_derivation(kNix, good.substr(0, good.size() - 2)), InvalidError);
}

TEST(DerivationJson, RoundTripsEveryKind) {
  const auto text = print_derivations_json(golden());
  EXPECT_EQ(parse_derivations_json(kNix, text), golden());
  EXPECT_EQ(json::parse(text)["version"], 4);
}

TEST(DerivationJson, RefusesWhatIsNotOfItsForm) {
  const auto good = json::parse(print_derivation_json(golden("leaf").second));
  const auto refused = [&](const char* pointer, const json& value) {
    auto changed = good;
    changed[json::json_pointer(pointer)] = value;
    EXPECT_THROW(parse_derivation_json(kNix, changed.dump()), InvalidError) << pointer << value;
  };
  EXPECT_NO_THROW(parse_derivation_json(kNix, good.dump()));
  refused("/version", 3);
  refused("/version", "4");
  refused("/more", 1);
  refused("/name", "a b");
  refused("/system", "a\"b");
  refused("/env/out", nullptr);
  refused("/inputs/drvs/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv",
          {{"outputs", json::array()}, {"dynamicOutputs", json::object()}});
  refused("/inputs/drvs/c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a.drv", {{"outputs", {"out"}}});
  refused("/inputs/more", json::array());
  for (const auto* output :
       {R"({"path":"x"})", R"({"method":"nar"})", R"({"method":"nar","hashAlgo":"sha3"})",
        R"({"method":"recursive","hashAlgo":"sha256"})", R"({"method":"text","hashAlgo":"sha1"})",
        R"({"method":"nar","hashAlgo":"sha256","impure":false})", R"({"hashAlgo":"sha256"})",
        R"({"method":"flat","hash":"sha256-x"})",
        R"({"method":"flat","hashAlgo":"md5","hash":"md5-1B2M2Y8AsgTpgAmY7PhCfg=="})"}) {
    refused("/outputs/out", json::parse(output));
  }
  refused("/outputs/dev", json::object());
  for (const char* key : {"name", "outputs", "inputs", "system", "builder", "args", "env"}) {
    auto changed = good;
    changed.erase(key);
    EXPECT_THROW(parse_derivation_json(kNix, changed.dump()), InvalidError) << key;
  }
}

TEST(DerivationJson, StructuredAttributesAreAnObject) {
  auto derivation = golden("leaf").second;
  derivation.environment["__json"] = R"({"a":[1,2.5,true,null],"b":{"c":"d"}})";
  const auto text = print_derivation_json(derivation);
  EXPECT_EQ(json::parse(text)["structuredAttrs"]["a"][1], 2.5);
  EXPECT_FALSE(json::parse(text)["env"].contains("__json"));
  EXPECT_EQ(parse_derivation_json(kNix, text), derivation);
  for (const auto* bad : {"", "[]", "{", R"({"a":1,"a":2})"}) {
    derivation.environment["__json"] = bad;
    EXPECT_THROW(print_derivation_json(derivation), InvalidError) << bad;
  }
  derivation.environment["__json"] =
      "{\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}";
  EXPECT_THROW(print_derivation_json(derivation), InvalidError);
}

TEST(DerivationJson, ResolvedOnesMayListTheirInputs) {
  auto value = json::parse(print_derivation_json(golden("leaf").second));
  value["inputs"] = {"c015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a"};
  EXPECT_EQ(parse_derivation_json(kNix, value.dump()).input_sources.size(), 1U);
}

TEST(DerivationJson, NamesMustAgree) {
  auto value = json::parse(print_derivations_json({golden("leaf")}));
  auto& derivations = value["derivations"];
  derivations["5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-other.drv"] = derivations.begin().value();
  EXPECT_THROW(parse_derivations_json(kNix, value.dump()), InvalidError);
}

}  // namespace
}  // namespace grange
