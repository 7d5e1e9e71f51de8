#include <gtest/gtest.h>

#include "base/error.h"
#include "database/database.h"

namespace grange {
namespace {

std::string shown(std::string_view text) {
  return DatabaseLocation::parse(text).shown();
}

TEST(DatabaseLocation, IsAFileOrAUrl) {
  EXPECT_EQ(DatabaseLocation::parse("a/b.sqlite").kind, DatabaseKind::sqlite);
  EXPECT_EQ(DatabaseLocation::parse("a/b.sqlite").file, "a/b.sqlite");
  EXPECT_EQ(DatabaseLocation::parse("sqlite:/a b").file, "/a b");
  EXPECT_EQ(shown("sqlite:/a b"), "/a b");
  const auto server = DatabaseLocation::parse("postgres://h/d");
  EXPECT_EQ(server.kind, DatabaseKind::postgresql);
  EXPECT_EQ(server.url, "postgres://h/d");
}

TEST(DatabaseLocation, IsShownWithoutWhatIsSecret) {
  EXPECT_EQ(shown("postgresql://u:secret@host:5433/d?sslmode=require&sslpassword=secret"),
            "postgresql://u@host:5433/d");
  EXPECT_EQ(shown("postgresql://u:p%40secret@host/d?password=secret"), "postgresql://u@host/d");
  EXPECT_EQ(shown("postgresql:///d?host=/run/pg&pass%77ord=secret"),
            "postgresql:///d?host=/run/pg");
  EXPECT_EQ(shown("postgresql://"), "postgresql:///");
  EXPECT_EQ(shown("postgresql://[::1]:5433/d"), "postgresql://[::1]:5433/d");
}

TEST(DatabaseLocation, WhatIsNoneIsRefusedWithoutWhatIsSecret) {
  for (const auto* text : {"", "sqlite:", "mysql://host/d", "postgresql://u:secret@host/d?nosuch=1",
                           "postgresql://u:secret%zz@host/d", "postgres://[::1/d"}) {
    EXPECT_THROW(DatabaseLocation::parse(text), InvalidError) << text;
  }
  EXPECT_THROW(DatabaseLocation::parse(std::string_view("a\0b", 3)), InvalidError);
  try {
    DatabaseLocation::parse("postgresql://u:secret%zz@host/d");
    FAIL();
  } catch (const InvalidError& error) {
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace grange
