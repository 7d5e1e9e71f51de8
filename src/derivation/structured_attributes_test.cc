#include "derivation/structured_attributes.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

// What Nix 2.8.0 wrote for a derivation with these attributes.
TEST(StructuredAttributes, AsNixWritesThem) {
  const auto files = make_attribute_files(
      R"({"bad":{"a":[1]},"big":5000000000,"f":false,"f25":2.5,"fl":3.0,"hug":1e20,)"
      R"("l":["a",1,2.0,true,null,false],"n":null,"name":"sa","neg":-3,"nested":[["a"]],)"
      R"("o":{"a":"x'y","b":1,"c d":"e"},"t":true,"uni":"é\n","weird-key":"no"})",
      {{"out", "/nix/store/xkmmqylad04h11rdgs5rb3s9nsr7qzgc-sa"}}, {});
  EXPECT_EQ(files.shell,
            "declare big=705032704\n"
            "declare f=\n"
            "declare fl=3\n"
            "declare hug=-2147483648\n"
            "declare -a l=('a' 1 2 1 ''  )\n"
            "declare n=''\n"
            "declare name='sa'\n"
            "declare neg=-3\n"
            "declare -A o=(['a']='x'\\''y' ['b']=1 ['c d']='e' )\n"
            "declare -A outputs=(['out']='/nix/store/xkmmqylad04h11rdgs5rb3s9nsr7qzgc-sa' )\n"
            "declare t=1\n"
            "declare uni='é\n'\n");
  EXPECT_EQ(files.json,
            R"({"bad":{"a":[1]},"big":5000000000,"f":false,"f25":2.5,"fl":3.0,"hug":1e+20,)"
            R"("l":["a",1,2.0,true,null,false],"n":null,"name":"sa","neg":-3,"nested":[["a"]],)"
            R"("o":{"a":"x'y","b":1,"c d":"e"},)"
            R"("outputs":{"out":"/nix/store/xkmmqylad04h11rdgs5rb3s9nsr7qzgc-sa"},)"
            R"("t":true,"uni":"é\n","weird-key":"no"})");
}

TEST(StructuredAttributes, OutputsAndGraphsReplaceAttributes) {
  const auto files = make_attribute_files(R"({"outputs":["dev","out"],"graph":1})",
                                          {{"dev", "/d"}, {"out", "/o"}}, {{"graph", "[[]]"}});
  EXPECT_EQ(files.json, R"({"graph":[[]],"outputs":{"dev":"/d","out":"/o"}})");
  EXPECT_EQ(files.shell, "declare -A outputs=(['dev']='/d' ['out']='/o' )\n");
}

TEST(StructuredAttributes, NumbersAtTheirLimits) {
  const auto files = make_attribute_files(
      R"({"a":2147483648,"b":-2147483649,"c":18446744073709551615,"d":-1.0,"e":0.5})", {}, {});
  EXPECT_EQ(files.shell,
            "declare a=-2147483648\ndeclare b=2147483647\ndeclare c=-1\ndeclare d=-1\n"
            "declare -A outputs=()\n");
  EXPECT_EQ(make_attribute_files(R"({"a":1,"a":2})", {}, {}).json, R"({"a":2,"outputs":{}})");
}

TEST(StructuredAttributes, OnlyAnObjectHasThem) {
  EXPECT_THROW(make_attribute_files("[]", {}, {}), InvalidError);
  EXPECT_THROW(make_attribute_files("", {}, {}), InvalidError);
}

}  // namespace
}  // namespace grange
