#include "record/rehearsal_mark.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "database/testing_databases.h"
#include "record/farm_history_testing.h"

namespace grange {
namespace {

using RehearsalMarkTest = DatabaseKindTest;

TEST_P(RehearsalMarkTest, ARecordIsOfOneKindForEver) {
  FarmHistoryForTests real(fresh());
  claim_record(real.database(), false);
  real.evaluate(real.add_jobset("p", "j", false), {"a"}, 1);
  claim_record(real.database(), false);
  EXPECT_THROW(claim_record(real.database(), true), ConflictError);

  FarmHistoryForTests rehearsal(fresh());
  const auto jobset = rehearsal.add_jobset("p", "j", false);
  claim_record(rehearsal.database(), true);
  rehearsal.evaluate(jobset, {"a"}, 1);
  claim_record(rehearsal.database(), true);
  EXPECT_THROW(claim_record(rehearsal.database(), false), ConflictError);
}

GRANGE_FOR_BOTH_DATABASES(RehearsalMarkTest);

}  // namespace
}  // namespace grange
