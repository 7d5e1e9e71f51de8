#include "pages/input_types.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "evaluate/jobset_input.h"

namespace grange {
namespace {

TEST(InputTypes, ExplainEveryTypeByAnExampleThatCanBeRead) {
  const auto types = input_types_view("tarball");
  EXPECT_EQ(types.size(), 6u);
  for (const auto& one : types) {
    const auto type = one["type"].get<std::string>();
    EXPECT_NO_THROW(parse_input({"src", parse_input_type(type), one["example"].get<std::string>()}))
        << type;
    EXPECT_FALSE(one["help"].get<std::string>().empty()) << type;
    EXPECT_EQ(one["chosen"], type == "tarball");
  }
}

TEST(InputTypes, ARowHelpsWithItsOwnType) {
  const auto row = input_row_view("flag", "boolean", "false");
  EXPECT_EQ(row["inputName"], "flag");
  EXPECT_EQ(row["inputValue"], "false");
  EXPECT_EQ(row["inputHelp"], "true or false.");
}

}  // namespace
}  // namespace grange
