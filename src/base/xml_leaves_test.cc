#include "base/xml_leaves.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

std::string leaves_of(std::string_view document) {
  std::string text;
  for (const auto& leaf : read_xml_leaves(document)) text += leaf.path + "=" + leaf.text + ";";
  return text;
}

TEST(XmlLeaves, AreFoundInTheirOrder) {
  EXPECT_EQ(leaves_of("<?xml version=\"1.0\"?>\n<R xmlns='http://x/>'>\n <C><K>a</K><S/></C>"
                      "<C><K>b&amp;&#x20AC;<![CDATA[<c>]]></K></C><!-- <d> --></R>\n"),
            "R/C/K=a;R/C/S=;R/C/K=b&\xE2\x82\xAC<c>;");
  EXPECT_EQ(leaves_of("<s:Error xmlns:s=\"x\"><s:Code>No</s:Code></s:Error>"), "Error/Code=No;");
}

TEST(XmlLeaves, RefusesWhatIsNoSuchDocument) {
  for (const auto* text :
       {"", "text", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a", "<a b=\"", "<>", "<a>&what;</a>",
        "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&amp</a>", "<!DOCTYPE a><a/>", "<a><!--</a>"}) {
    EXPECT_THROW(read_xml_leaves(text), CorruptError) << text;
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_THROW(read_xml_leaves(deep), CorruptError);
}

}  // namespace
}  // namespace grange
