#include "pages/moved_page.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(MovedPage, HasTheNewNames) {
  EXPECT_EQ(moved_page("/project/{project}", {{"project", "old"}}, "", "/api/v1/projects/new"),
            "/project/new");
  const PathPattern::Captures jobset{{"project", "p"}, {"jobset", "old"}};
  EXPECT_EQ(moved_page("/jobset/{project}/{jobset}/edit", jobset, "before=7",
                       "/api/v1/projects/p/jobsets/new"),
            "/jobset/p/new/edit?before=7");
  EXPECT_EQ(moved_page("/jobset/{project}/{jobset}", jobset, "", "/api/v1/projects/q"),
            "/jobset/q/old");
  EXPECT_EQ(moved_page("/job/{project}/{jobset}/{target*}",
                       {{"project", "p"}, {"jobset", "j"}, {"target", "a/b c"}}, "",
                       "/api/v1/projects/q/jobsets/j"),
            "/job/q/j/a/b%20c");
}

TEST(MovedPage, IsNowhereWhereItIsOfSomethingElse) {
  EXPECT_FALSE(moved_page("/build/{id}", {{"id", "1"}}, "", "/api/v1/projects/new"));
  EXPECT_FALSE(moved_page("/project/{project}", {{"project", "p"}}, "", "/elsewhere"));
  EXPECT_FALSE(moved_page("/project/{project}", {{"project", "p"}}, "", "/api/v1/projects/p"))
      << "it would lead to itself";
}

}  // namespace
}  // namespace grange
