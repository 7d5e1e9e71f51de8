#include "evaluate/attribute_path.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/target_map.h"

namespace grange {
namespace {

using Path = std::vector<std::string>;

TEST(AttributePath, SplitsAtDotsOutsideQuotes) {
  EXPECT_EQ(parse_attribute_path("a"), (Path{"a"}));
  EXPECT_EQ(parse_attribute_path("a.b.c"), (Path{"a", "b", "c"}));
  EXPECT_EQ(parse_attribute_path("a.\"b.c\".d"), (Path{"a", "b.c", "d"}));
  EXPECT_EQ(parse_attribute_path("a.\"\""), (Path{"a", ""}));
  EXPECT_EQ(parse_attribute_path(""), Path{});
}

TEST(AttributePath, RefusesHalfPaths) {
  EXPECT_THROW(parse_attribute_path("."), InvalidError);
  EXPECT_THROW(parse_attribute_path("a."), InvalidError);
  EXPECT_THROW(parse_attribute_path("a..b"), InvalidError);
  EXPECT_THROW(parse_attribute_path("a.\"b"), InvalidError);
}

TEST(AttributePath, ReadsEveryLabelBack) {
  for (const Path& path :
       {Path{"a", "b"}, Path{"", "x"}, Path{"a.b", "c\"d", "e\\f"}, Path{"\\\"", "."}}) {
    EXPECT_EQ(parse_attribute_path(make_label(path)), path);
  }
}

}  // namespace
}  // namespace grange
