#include "store/store_reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

void expect_reference(const std::string& text, const std::string& scheme,
                      const std::string& authority, const Parameters& parameters) {
  const auto reference = StoreReference::parse(text);
  EXPECT_EQ(reference.scheme, scheme) << text;
  EXPECT_EQ(reference.authority, authority) << text;
  EXPECT_EQ(reference.parameters, parameters) << text;
  EXPECT_EQ(StoreReference::parse(reference.to_string()), reference) << text;
}

TEST(StoreReference, IsReadAsNixWritesIt) {
  expect_reference("auto", "auto", "", {});
  expect_reference("auto?root=/foo/bar/baz", "auto", "", {{"root", "/foo/bar/baz"}});
  expect_reference("daemon", "unix", "", {});
  expect_reference("daemon?max-connections=7&trusted=true", "unix", "",
                   {{"max-connections", "7"}, {"trusted", "true"}});
  expect_reference("unix:///run/socket", "unix", "/run/socket", {});
  expect_reference("local", "local", "", {});
  expect_reference("local://?root=/foo%20bar/baz", "local", "", {{"root", "/foo bar/baz"}});
  expect_reference("local://?root=/foo bar/baz", "local", "", {{"root", "/foo bar/baz"}});
  expect_reference("local:///foo/bar/baz?trusted=true", "local", "/foo/bar/baz",
                   {{"trusted", "true"}});
  expect_reference("/foo/bar/baz?trusted=true", "local", "",
                   {{"root", "/foo/bar/baz"}, {"trusted", "true"}});
  expect_reference("./here", "local", "", {{"root", "./here"}});
  expect_reference("file:///cache?compression=zstd&secret-key=/k%3D1", "file", "/cache",
                   {{"compression", "zstd"}, {"secret-key", "/k=1"}});
  expect_reference("s3://bucket?endpoint=http://[::1]:9000&region=eu-1", "s3", "bucket",
                   {{"endpoint", "http://[::1]:9000"}, {"region", "eu-1"}});
  expect_reference("ssh-ng://user@host", "ssh-ng", "user@host", {});
  expect_reference("ssh://userinfo@fea5:23e1:3916:fc24:cb52:2837:2ecb:ea8e%eth0?a=b&c=d", "ssh",
                   "userinfo@fea5:23e1:3916:fc24:cb52:2837:2ecb:ea8e%eth0",
                   {{"a", "b"}, {"c", "d"}});
}

TEST(StoreReference, RefusesWhatIsNone) {
  for (const char* text : {"", "nonsense", "file:///x?a", "file:///x?a=%2", "file:///x?a=%zz",
                           "file:///x?a=1&a=2", "/x?root=/y"}) {
    EXPECT_THROW(StoreReference::parse(text), InvalidError) << text;
  }
  EXPECT_THROW(StoreReference::parse(std::string(100'000, '/')), InvalidError);
}

}  // namespace
}  // namespace grange
