#include "derivation/target_map_file.h"

#include <gtest/gtest.h>

#include "base/compression.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "derivation/target_map_text.h"

namespace grange {
namespace {

TargetMap one_target(std::string_view label) {
  TargetMap map;
  map.complete = true;
  map.targets.emplace(label,
                      Target{{std::string(label)},
                             StorePath::parse("1qazp0aj5l1zvk0cpnhggax8srkhm1qk-hello-2.12.drv"),
                             "",
                             "",
                             {},
                             std::nullopt,
                             Outcome::good});
  return map;
}

TEST(TargetMapFile, WritesAndReadsBothFiles) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "map.json";
  write_target_map_file(file, one_target("hello"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "map.json.meta"));
  const auto read = read_target_map_file(file);
  EXPECT_TRUE(read.complete);
  EXPECT_EQ(read.targets.at("hello").outcome, Outcome::good);
}

TEST(TargetMapFile, ReadsAndWritesCompressedOnes) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "map.json.zst";
  write_target_map_file(file, one_target("hello"));
  EXPECT_EQ(target_map_metadata_path(file), directory.path() / "map.json.meta");
  EXPECT_TRUE(read_file(file).starts_with("\x28\xb5\x2f\xfd"));
  EXPECT_TRUE(read_target_map_file(file).complete);
  // What it is decides, not what it is called.
  const auto text = print_target_map(one_target("hello")).map;
  write_file(directory.path() / "other.json", compress(Compression::zstd, text));
  EXPECT_EQ(read_target_map_file(directory.path() / "other.json").targets.size(), 1U);
  // A truncated frame is refused.
  const auto frame = read_file(file);
  write_file(directory.path() / "other.json", frame.substr(0, frame.size() - 5));
  EXPECT_THROW(read_target_map_file(directory.path() / "other.json"), CorruptError);
}

TEST(TargetMapFile, ErrorsNameTheFile) {
  const TemporaryDirectory directory;
  EXPECT_THROW(read_target_map_file(directory.path() / "none.json"), NotFoundError);
  write_file(directory.path() / "bad.json", "{");
  try {
    read_target_map_file(directory.path() / "bad.json");
    FAIL() << "accepted";
  } catch (const InvalidError& error) {
    EXPECT_NE(std::string(error.what()).find("bad.json"), std::string::npos) << error.what();
  }
}

TEST(TargetMapFile, AnInterruptedWriteIsNeverTakenForAWholeOne) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "map.json";
  write_target_map_file(file, one_target("old"));
  set_fault("target-map.before-metadata=eio");
  EXPECT_THROW(write_target_map_file(file, one_target("new")), Error);
  set_fault("");
  EXPECT_THROW(read_target_map_file(file), CorruptError);
  write_target_map_file(file, one_target("new"));
  EXPECT_TRUE(read_target_map_file(file).targets.contains("new"));
}

}  // namespace
}  // namespace grange
