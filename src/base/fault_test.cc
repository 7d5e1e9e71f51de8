#include "base/fault.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

class FaultTest : public testing::Test {
 protected:
  ~FaultTest() override { set_fault(""); }
};

TEST_F(FaultTest, StrikesAtTheNamedVisitOnly) {
  set_fault("here=enospc:3");
  fault_point("here");
  fault_point("there");
  fault_point("here");
  try {
    fault_point("here");
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code(), ENOSPC);
  }
  fault_point("here");  // once
  set_fault("here=eio");
  EXPECT_THROW(fault_point("here"), SystemError);
}

TEST_F(FaultTest, KillsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        set_fault("here=kill");
        fault_point("here");
      },
      testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FaultTest, RefusesMalformedSpecifications) {
  for (const char* bad : {"here", "here=", "here=boom", "here=eio:0", "here=eio:", "here=eio:1x"}) {
    EXPECT_THROW(set_fault(bad), InvalidError) << bad;
  }
  fault_point("here");
}

}  // namespace
}  // namespace grange
