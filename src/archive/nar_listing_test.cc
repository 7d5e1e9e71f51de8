#include "archive/nar_listing.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "archive/nar.h"
#include "archive/nar_parser.h"
#include "base/file.h"

namespace grange {
namespace {

std::string nar_of_tree(const std::filesystem::path& path) {
  StringSink nar;
  dump_nar(path, nar);
  return nar.take();
}

std::string listing_of(const std::string& nar) {
  StringSource source(nar);
  NarListing listing;
  parse_nar(source, listing);
  return listing.take();
}

TEST(NarListing, OfOneFileIsAsNixWritesIt) {
  const TemporaryDirectory directory;
  write_file(directory.path() / "f", "four");
  EXPECT_EQ(listing_of(nar_of_tree(directory.path() / "f")),
            R"({"version":1,"root":{"type":"regular","size":4,"narOffset":96}})");
}

void expect_contents(const nlohmann::json& node, const std::string& nar, std::size_t& files) {
  if (node.at("type") == "directory") {
    for (const auto& [name, entry] : node.at("entries").items()) {
      expect_contents(entry, nar, files);
    }
  } else if (node.at("type") == "regular") {
    const auto size = node.at("size").get<std::size_t>();
    const auto content = nar.substr(node.at("narOffset").get<std::size_t>(), size);
    EXPECT_EQ(content, std::string(size, content.empty() ? ' ' : content[0]));
    if (size > 0) {
      EXPECT_EQ(content[0], static_cast<char>('a' + size % 26));
    }
    ++files;
  }
}

TEST(NarListing, OffsetsPointAtContents) {
  const TemporaryDirectory directory;
  const auto root = directory.path() / "root";
  grange::create_directories(root / "sub/deeper");
  grange::create_directories(root / "void");
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string content(size, static_cast<char>('a' + size % 26));
    const auto name = "file" + std::string(size % 11, 'x') + std::to_string(size);
    write_file(root /
                   (size % 3 == 0   ? "sub"
                    : size % 3 == 1 ? "sub/deeper"
                                    : ".") /
                   name,
               content, Durability::atomic, size % 4 == 0 ? 0755 : 0644);
  }
  std::filesystem::create_symlink("sub/nowhere", root / "link");
  write_file(root / "\xff odd \"name\"", "");
  const auto nar = nar_of_tree(root);
  const auto json = nlohmann::json::parse(listing_of(nar));
  EXPECT_EQ(json.at("version"), 1);
  const auto& entries = json.at("root").at("entries");
  EXPECT_EQ(entries.at("link"), (nlohmann::json{{"type", "symlink"}, {"target", "sub/nowhere"}}));
  EXPECT_TRUE(entries.at("void").at("entries").empty());
  EXPECT_TRUE(entries.at("sub").at("entries").at("file0").at("executable"));
  EXPECT_TRUE(entries.contains("\\xff odd \"name\""));
  std::size_t files = 0;
  expect_contents(json.at("root"), nar, files);
  EXPECT_EQ(files, 41U);
}

}  // namespace
}  // namespace grange
