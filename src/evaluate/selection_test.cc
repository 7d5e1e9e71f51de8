#include "evaluate/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "evaluate/walker_expression.h"

namespace grange {
namespace {

using testing::ElementsAre;

Selection of_file(const std::filesystem::path& file) {
  Selection selection;
  selection.file = file;
  return selection;
}

TEST(Selection, FindsItsFile) {
  const TemporaryDirectory directory;
  const auto& here = directory.path();
  EXPECT_THROW(selection_file(of_file(here)), NotFoundError);
  EXPECT_THROW(selection_file(of_file(here / "x.nix")), NotFoundError);
  write_file(here / "default.nix", "{ }");
  EXPECT_EQ(selection_file(of_file(here)), here / "default.nix");
  EXPECT_EQ(selection_file(of_file(here / "." / "default.nix")), here / "default.nix");
}

TEST(Selection, SelectsEachPathOnce) {
  Selection selection;
  EXPECT_THAT(selected_paths(selection), ElementsAre(std::vector<std::string>{}));
  selection.attributes = {"b", "a.\"x.y\"", "b"};
  EXPECT_THAT(selected_paths(selection), ElementsAre(ElementsAre("b"), ElementsAre("a", "x.y")));
  selection.attributes = {"a..b"};
  EXPECT_THROW(selected_paths(selection), InvalidError);
}

TEST(Selection, HandsArgumentsToNix) {
  Selection selection;
  selection.expression = "{ a }: a";
  selection.arguments = {{"a", "1 + 1"}};
  selection.string_arguments = {{"s", "text"}};
  EXPECT_THAT(selection_arguments(selection),
              ElementsAre("--arg", "a", "1 + 1", "--argstr", "s", "text", "--arg",
                          std::string(kExpressionArgument), "{ a }: a"));
  selection.expression = std::string(200000, ' ');
  EXPECT_THROW(selection_arguments(selection), InvalidError);
}

TEST(Selection, HasOneLineInEveryCheckout) {
  const TemporaryDirectory directory;
  for (const auto* checkout : {"one", "two"}) {
    grange::create_directories(directory.path() / checkout);
    write_file(directory.path() / checkout / "default.nix", "{ }");
  }
  auto one = of_file(directory.path() / "one");
  auto two = of_file(directory.path() / "two/default.nix");
  one.attributes = two.attributes = {"a"};
  EXPECT_NE(one.canonical(), two.canonical());
  EXPECT_EQ(selection_directory(one), directory.path() / "one");
  EXPECT_EQ(selection_line(one, "pkgs/"), selection_line(two, "pkgs/"));
  EXPECT_NE(selection_line(one, "pkgs/"), selection_line(two, ""));
  EXPECT_EQ(selection_line(one, "pkgs/"),
            R"({"arg":{},"argstr":{},"attributes":[["a"]],"file":"pkgs/default.nix"})");
  Selection expression;
  expression.expression = "{ }";
  EXPECT_EQ(selection_directory(expression), std::filesystem::current_path());
  EXPECT_EQ(selection_line(expression, ""),
            R"({"arg":{},"argstr":{},"attributes":[],"directory":"","expression":"{ }"})");
}

TEST(Selection, HasOneTextForEqualSelections) {
  auto one = of_file("x/../default.nix");
  one.attributes = {"b", "a"};
  one.arguments = {{"y", "1"}, {"x", "2"}};
  auto other = of_file(std::filesystem::current_path() / "default.nix");
  other.attributes = {"a", "b", "\"a\""};
  other.arguments = {{"x", "2"}, {"y", "1"}};
  EXPECT_EQ(one.canonical(), other.canonical());
  other.string_arguments = {{"x", "2"}};
  EXPECT_NE(one.canonical(), other.canonical());
  EXPECT_NE(of_file("a.nix").canonical(), of_file("b.nix").canonical());
  Selection expression;
  expression.expression = "a.nix";
  EXPECT_NE(of_file("a.nix").canonical(), expression.canonical());
}

}  // namespace
}  // namespace grange
