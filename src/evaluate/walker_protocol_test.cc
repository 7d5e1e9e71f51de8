#include "evaluate/walker_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

using Kind = WalkerReport::Kind;
using testing::ElementsAre;

TEST(WalkerProtocol, ReadsReports) {
  EXPECT_EQ(parse_walker_report("open 0 {}").kind, Kind::open);
  EXPECT_EQ(parse_walker_report("done 17 {}").index, 17U);
  const auto set = parse_walker_report(R"(set 3 {"name":"s","members":["a","b c"]})");
  EXPECT_EQ(set.kind, Kind::set);
  EXPECT_EQ(set.index, 3U);
  EXPECT_EQ(set.name, "s");
  EXPECT_THAT(set.members, ElementsAre("a", "b c"));
  const auto other = parse_walker_report(R"(other 1 {"name":"x","type":"int"})");
  EXPECT_EQ(other.type, "int");
}

TEST(WalkerProtocol, ReadsDerivations) {
  const auto plain = parse_walker_report(R"(derivation 4 {"name":"x","drvPath":"/p","meta":true})");
  EXPECT_EQ(plain.derivation_path, "/p");
  EXPECT_TRUE(plain.has_meta);
  EXPECT_FALSE(plain.is_aggregate);
  const auto aggregate = parse_walker_report(
      R"(derivation 4 {"name":"x","drvPath":"/p","meta":false,"constituents":["a"],"globs":true})");
  EXPECT_TRUE(aggregate.is_aggregate);
  EXPECT_TRUE(aggregate.constituents_are_globs);
  EXPECT_THAT(aggregate.constituents, ElementsAre("a"));
  EXPECT_EQ(parse_walker_report(R"(meta 4 {"a":[1]})").meta_json, R"({"a":[1]})");
}

TEST(WalkerProtocol, DropsMetaThatIsNoJson) {
  EXPECT_EQ(parse_walker_report(R"(meta 4 {"infinite":inf})").meta_json, "{}");
}

TEST(WalkerProtocol, MakesNamesUtf8) {
  EXPECT_EQ(parse_walker_report("other 1 {\"name\":\"\xff\",\"type\":\"int\"}").name,
            "\xef\xbf\xbd");
}

TEST(WalkerProtocol, RefusesWhatIsNoReport) {
  for (const auto* text : {"", "set", "set 1", "set x {}", "unknown 1 {}", "set -1 {}", "set 1 {",
                           "set 1 {}", "set 1 []", R"(set 1 {"name":1,"members":[]})",
                           R"(derivation 1 {"name":"x","drvPath":"/p"})"}) {
    EXPECT_THROW(parse_walker_report(text), CorruptError) << text;
  }
}

TEST(WalkerProtocol, WritesOneAsciiLinePerCommand) {
  EXPECT_EQ(walker_members_command({"a", "b\"\\${x}\n\xc3\xbc"}, 2, 5),
            "walker.members \"[\\\"a\\\",\\\"b\\\\\\\"\\\\\\\\\\${x}\\\\n\\\\u00fc\\\"]\" 2 5\n");
  EXPECT_EQ(walker_selected_command({}, 1), "walker.selected 1 \"[]\"\n");
  EXPECT_EQ(walker_done_command(3, "T"), ")\nbuiltins.trace \"T done 3 {}\" null\n");
  EXPECT_EQ(walker_open_command("/w.nix", "T"),
            ":l /w.nix\nwalker = grangeWalker \"T \"\nwalker.open\n");
}

TEST(WalkerProtocol, LeavesOutWhatTheEndOfACommandSays) {
  const std::string end = "error: syntax error, unexpected ')'";
  EXPECT_EQ(without_walker_end("error: real\n" + end + "\n   1| )\n"), "error: real\n");
  EXPECT_EQ(without_walker_end("\x1b[31;1merror:\x1b[0m syntax error, unexpected ')'\n"), "");
  EXPECT_EQ(without_walker_end("error: real"), "error: real");
  EXPECT_EQ(without_walker_end("trace: x\n" + end + ", expecting end of file\n"),
            "trace: x\nerror: syntax error, unexpected end of file, in a file that is evaluated or "
            "imported\n");
}

TEST(WalkerProtocol, MakesTokensThatDiffer) {
  EXPECT_EQ(make_walker_token().size(), 32U);
  EXPECT_NE(make_walker_token(), make_walker_token());
}

}  // namespace
}  // namespace grange
