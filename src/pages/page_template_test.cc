#include "pages/page_template.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace grange {
namespace {

std::string render(std::string_view text, const nlohmann::ordered_json& model) {
  return PageTemplate(text).render(model);
}

TEST(PageTemplate, EscapesWhatItPutsIn) {
  EXPECT_EQ(render("<p title=\"{{a}}\">{{a}}</p>", {{"a", "<b a='\"'>&"}}),
            "<p title=\"&lt;b a=&#39;&quot;&#39;&gt;&amp;\">&lt;b a=&#39;&quot;&#39;&gt;&amp;</p>");
  EXPECT_EQ(render("{{a}}{{b}}{{c}}", {{"a", 17}, {"b", nullptr}}), "17");
  EXPECT_EQ(render("{{a}}", {{"a", "x\x1b\xff"}}), "x\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(render("{{a}}", {{"a", "{{b}}"}, {"b", "no"}}), "{{b}}");
}

TEST(PageTemplate, SectionsAreForWhatIsThere) {
  const auto shown = [](const nlohmann::ordered_json& value) {
    return render("{{#a}}yes{{/a}}{{^a}}no{{/a}}", {{"a", value}});
  };
  EXPECT_EQ(shown(nullptr), "no");
  EXPECT_EQ(shown(false), "no");
  EXPECT_EQ(shown(""), "no");
  EXPECT_EQ(shown(nlohmann::ordered_json::array()), "no");
  EXPECT_EQ(shown(0), "yes");
  EXPECT_EQ(shown("x"), "yes");
  EXPECT_EQ(shown(nlohmann::ordered_json::object()), "yes");
  EXPECT_EQ(shown({1, 2, 3}), "yesyesyes");
  EXPECT_EQ(render("{{#a}}yes{{/a}}{{^a}}no{{/a}}", {}), "no");
}

TEST(PageTemplate, NamesAreLookedForInWhatIsNearest) {
  const nlohmann::ordered_json model{{"name", "outer"},
                                     {"empty", "x"},
                                     {"list", {{{"name", "one"}, {"empty", ""}}, {{"other", 2}}}},
                                     {"words", {"a", "b"}},
                                     {"deep", {{"er", {{"est", "down"}}}}}};
  EXPECT_EQ(render("{{#list}}{{name}}{{#empty}}!{{/empty}} {{/list}}", model), "one outer! ");
  EXPECT_EQ(render("{{#words}}{{.}},{{/words}}", model), "a,b,");
  EXPECT_EQ(render("{{deep.er.est}}{{#deep.er}}{{est}}{{name}}{{/deep.er}}", model),
            "downdownouter");
  EXPECT_EQ(render("{{#name}}{{name}}{{/name}}", model), "outer");
}

TEST(PageTemplate, RefusesWhatItDoesNotKnow) {
  for (const auto* text :
       {"{{{a}}}", "{{&a}}", "{{>a}}", "{{! no }}", "{{=<% %>=}}", "{{a", "{{}}", "{{#a}}",
        "{{/a}}", "{{#a}}{{/b}}", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{a b}}", "{{a..b}}", "{{#}}"}) {
    EXPECT_THROW(PageTemplate{text}, CorruptError) << text;
  }
}

}  // namespace
}  // namespace grange
