#include "store/realisation_tables.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "store/store_test_support.h"

namespace grange {
namespace {

class RealisationsTest : public StoreTest {
 protected:
  static DrvOutput id(char digit, const std::string& output = "out") {
    return DrvOutput::parse("sha256:" + std::string(64, digit) + "!" + output);
  }
  StorePath made(const std::string& name) { return store().add_text(name, name, {}); }
};

TEST_F(RealisationsTest, AreKeptFromTheFirstOneOn) {
  EXPECT_FALSE(store().keeps_realisations());
  EXPECT_TRUE(store().realisations({id('1')}).empty());
  const auto path = made("a");
  EXPECT_TRUE(store().register_realisations({{id('1'), path, {"key:AA=="}}}).empty());
  EXPECT_TRUE(store().keeps_realisations());
  EXPECT_EQ(read_file(location().state / "db/ca-schema"), "3");
  const auto found = store().realisations({id('1'), id('2'), id('1', "dev")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.begin()->second, (Realisation{id('1'), path, {"key:AA=="}}));
}

TEST_F(RealisationsTest, APathKnowsWhatItRealises) {
  const auto first = made("a");
  const auto second = made("b");
  EXPECT_TRUE(store().realisations_of(first, 10).empty());
  store().register_realisations(
      {{id('1'), first, {"a:AA=="}}, {id('2'), second, {}}, {id('3', "dev"), first, {}}});
  const auto found = store().realisations_of(first, 10);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, id('1'));
  EXPECT_EQ(found[0].signatures, std::set<std::string>{"a:AA=="});
  EXPECT_EQ(found[1].id, id('3', "dev"));
  EXPECT_EQ(store().realisations_of(first, 1).size(), 1U);
}

TEST_F(RealisationsTest, TheFirstOfAnIdStays) {
  const auto first = made("first");
  const auto second = made("second");
  EXPECT_TRUE(store().register_realisations({{id('1'), first, {"a:AA=="}}}).empty());
  const auto conflicts = store().register_realisations(
      {{id('1'), second, {"b:AA=="}}, {id('2'), second, {}}, {id('1'), first, {"c:AA=="}}});
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].id, id('1'));
  EXPECT_EQ(conflicts[0].kept, first);
  EXPECT_EQ(conflicts[0].refused, second);
  const auto found = store().realisations({id('1'), id('2')});
  EXPECT_EQ(found.at(id('1')), (Realisation{id('1'), first, {"a:AA==", "c:AA=="}}));
  EXPECT_EQ(found.at(id('2')).out_path, second);
}

TEST_F(RealisationsTest, DependOnWhatIsRegistered) {
  const auto below = made("below");
  const auto above = made("above");
  const auto elsewhere = made("elsewhere");
  const Realisation top{
      id('2'), above, {}, {{id('1'), below}, {id('3'), elsewhere}, {id('4'), elsewhere}}};
  EXPECT_TRUE(
      store().register_realisations({{id('1'), below, {}}, {id('3'), above, {}}, top}).empty());
  const std::map<DrvOutput, StorePath> kept{{id('1'), below}};
  EXPECT_EQ(store().realisations({id('2')}).at(id('2')).dependencies, kept);
}

TEST_F(RealisationsTest, NeedAValidPath) {
  EXPECT_THROW(store().register_realisations({{id('1'), path("nowhere"), {}}}), InvalidError);
  EXPECT_TRUE(store().realisations({id('1')}).empty());
}

TEST_F(RealisationsTest, GoWithTheirPath) {
  const auto path = made("a");
  store().register_realisations({{id('1'), path, {}}});
  store().invalidate(path);
  EXPECT_TRUE(store().realisations({id('1')}).empty());
}

TEST_F(RealisationsTest, ANewerSchemaIsRefused) {
  write_file(location().state / "db/ca-schema", "4");
  EXPECT_THROW(store().register_realisations({{id('1'), made("a"), {}}}), ConflictError);
}

}  // namespace
}  // namespace grange
