#include "derivation/attributes.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "derivation/attribute_json.h"
#include "derivation/json_value.h"

namespace grange {
namespace {

using Words = std::vector<std::string>;

DerivationAttributes plain(std::map<std::string, std::string, std::less<>> environment) {
  Derivation derivation;
  derivation.environment = std::move(environment);
  return DerivationAttributes::parse(derivation);
}

DerivationAttributes structured(std::string json) {
  return plain({{"__json", std::move(json)},
                {"requiredSystemFeatures", "not-this"},
                {"__noChroot", "1"},
                {"allowedReferences", ""}});
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InvalidError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Attributes, FromTheEnvironment) {
  const auto attributes = plain({{"requiredSystemFeatures", " kvm\n big-parallel "},
                                 {"impureEnvVars", "http_proxy"},
                                 {"__impureHostDeps", "/usr/lib /etc/x"},
                                 {"__noChroot", "1"},
                                 {"preferLocalBuild", "true"},
                                 {"exportReferencesGraph", "a /x b.c-d /y"},
                                 {"allowedReferences", ""},
                                 {"disallowedRequisites", "out /z"}});
  EXPECT_FALSE(attributes.structured());
  EXPECT_EQ(attributes.required_features, (Words{"kvm", "big-parallel"}));
  EXPECT_EQ(attributes.impure_variables, Words{"http_proxy"});
  EXPECT_EQ(attributes.impure_host_paths, (Words{"/usr/lib", "/etc/x"}));
  EXPECT_TRUE(attributes.no_sandbox);
  EXPECT_FALSE(attributes.prefer_local) << "only 1 is true";
  EXPECT_TRUE(attributes.allow_substitutes) << "unless it says otherwise";
  EXPECT_EQ(attributes.exported_graphs,
            (std::vector<ExportedGraph>{{"a", {"/x"}}, {"b.c-d", {"/y"}}}));
  const auto* checks = attributes.checks_of("anything");
  ASSERT_NE(checks, nullptr);
  EXPECT_EQ(checks->allowed_references, Words());
  EXPECT_EQ(checks->disallowed_requisites, (Words{"out", "/z"}));
  EXPECT_FALSE(checks->allowed_requisites);
  EXPECT_TRUE(checks->ignore_self);
}

TEST(Attributes, NothingIsSaidByDefault) {
  EXPECT_EQ(plain({}), DerivationAttributes());
  EXPECT_EQ(plain({}).checks_of("out"), nullptr);
}

TEST(Attributes, FromStructuredAttributesAlone) {
  const auto attributes = structured(
      R"({"requiredSystemFeatures":["kvm"],"impureEnvVars":["a","b"],"preferLocalBuild":true,)"
      R"("exportReferencesGraph":{"graph":["/x","/y"],"one":"/z"},)"
      R"("outputChecks":{"out":{"maxSize":10,"maxClosureSize":2e3,"allowedReferences":["dev"],)"
      R"("disallowedRequisites":[]},"dev":{}}})");
  EXPECT_TRUE(attributes.structured());
  EXPECT_EQ(attributes.required_features, Words{"kvm"});
  EXPECT_EQ(attributes.impure_variables, (Words{"a", "b"}));
  EXPECT_FALSE(attributes.no_sandbox);
  EXPECT_TRUE(attributes.prefer_local);
  EXPECT_EQ(attributes.exported_graphs,
            (std::vector<ExportedGraph>{{"graph", {"/x", "/y"}}, {"one", {"/z"}}}));
  const auto* checks = attributes.checks_of("out");
  ASSERT_NE(checks, nullptr);
  EXPECT_EQ(checks->max_size, 10U);
  EXPECT_EQ(checks->max_closure_size, 2000U);
  EXPECT_EQ(checks->allowed_references, Words{"dev"});
  EXPECT_EQ(checks->disallowed_requisites, Words());
  EXPECT_FALSE(checks->disallowed_references);
  EXPECT_FALSE(checks->ignore_self);
  EXPECT_NE(attributes.checks_of("dev"), nullptr);
  EXPECT_EQ(attributes.checks_of("doc"), nullptr);
  EXPECT_TRUE(structured(R"({"exportReferencesGraph":"a /x"})").exported_graphs.empty());
}

TEST(Attributes, WrongTypesAreRefused) {
  const auto refused = [](const std::string& json) { return error_of([&] { structured(json); }); };
  EXPECT_EQ(refused(R"({"requiredSystemFeatures":"kvm"})"),
            "attribute 'requiredSystemFeatures' must be a list of strings");
  EXPECT_EQ(refused(R"({"impureEnvVars":[1]})"),
            "attribute 'impureEnvVars' must be a list of strings");
  EXPECT_EQ(refused(R"({"__noChroot":"1"})"), "attribute '__noChroot' must be a Boolean");
  EXPECT_EQ(refused(R"({"outputChecks":[]})"), "attribute 'outputChecks' must be an object");
  EXPECT_EQ(refused(R"({"outputChecks":{"out":1}})"),
            "attribute 'outputChecks.out' must be an object");
  for (const auto* size : {"-1", "\"1\"", "1e30", "-0.5", "null"}) {
    EXPECT_EQ(refused(std::string(R"({"outputChecks":{"out":{"maxSize":)") + size + "}}}"),
              "attribute 'maxSize' must be a number of bytes")
        << size;
  }
  EXPECT_NE(refused("[]").find("must be an object"), std::string::npos);
  EXPECT_NE(refused("{").find("__json"), std::string::npos);
  EXPECT_NE(refused("{\"a\":\"\xff\"}").find("__json"), std::string::npos);
}

TEST(Attributes, GraphsComeInPairsWithNamesOfFiles) {
  EXPECT_EQ(error_of([] {
              plain({{"exportReferencesGraph", "a /x b"}});
            }),
            "odd number of tokens in 'exportReferencesGraph': 'a /x b'");
  for (const auto* name : {"../a", "1", "a/b", "-", ".attrs.sh"}) {
    EXPECT_NE(error_of([&] {
                plain({{"exportReferencesGraph", std::string(name) + " /x"}});
              }).find("invalid file name"),
              std::string::npos)
        << name;
  }
}

TEST(Attributes, DepthAndSizeAreBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(parse_attribute_json(nested(kMaxJsonDepth)));
  EXPECT_THROW(parse_attribute_json(nested(kMaxJsonDepth + 1)), InvalidError);
  EXPECT_THROW(parse_attribute_json(nested(1000000)), InvalidError);
  EXPECT_THROW(parse_attribute_json(std::string(1000000, '[')), InvalidError);
  EXPECT_THROW(parse_attribute_json(std::string(kMaxAttributesBytes + 1, ' ')), InvalidError);
}

}  // namespace
}  // namespace grange
