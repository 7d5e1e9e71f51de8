#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/file.h"
#include "store/local_store.h"

namespace grange {

/// A fresh store in a directory that goes with the test.
class StoreTest : public testing::Test {
 protected:
  StoreTest() : store_(LocalStore::open(location(), quick())) {}

  /// Tests do not wait for the disk.
  static LocalStoreOptions quick() {
    LocalStoreOptions options;
    options.fast_metadata = true;
    return options;
  }

  std::filesystem::path directory() const { return temporary_.path(); }
  StoreLocation location() const { return StoreLocation::at_root(temporary_.path() / "root"); }
  LocalStore& store() { return *store_; }
  void close() { store_.reset(); }
  void reopen(const LocalStoreOptions& options = quick()) {
    store_.reset();
    store_ = LocalStore::open(location(), options);
  }

  /// A path that differs with `name` and `digit`.
  static StorePath path(std::string_view name, char digit = '0') {
    return StorePath::parse(std::string(32, digit) + "-" + std::string(name));
  }

  /// The NAR of a file with this content.
  static std::string nar_of(std::string_view content) {
    const TemporaryDirectory temporary;
    write_file(temporary.path() / "file", content);
    StringSink nar;
    dump_nar(temporary.path() / "file", nar);
    return nar.take();
  }

  /// An object without content address that holds `content`.
  static PathInfo info_of(const StorePath& path, std::string_view nar,
                          const std::set<StorePath>& references = {}) {
    PathInfo info(path, hash_bytes(HashAlgorithm::sha256, nar));
    info.nar_size = nar.size();
    info.references = references;
    return info;
  }

  StorePath add(const StorePath& path, std::string_view content,
                const std::set<StorePath>& references = {}) {
    const std::string nar = nar_of(content);
    StringSource source(nar);
    store().add_nar(info_of(path, nar, references), source);
    return path;
  }

  /// No half-made object, lock or temporary directory.
  void expect_tidy() const {
    for (const auto& entry : std::filesystem::directory_iterator(location().real_store)) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name == ".links" || StorePath::try_parse(name)) << name;
      EXPECT_FALSE(name.ends_with(".lock")) << name;
    }
    const auto staging = location().own_state() / "staging";
    if (!std::filesystem::exists(staging)) return;
    for (const auto& entry : std::filesystem::directory_iterator(staging)) {
      EXPECT_TRUE(std::filesystem::is_empty(entry.path())) << entry.path();
    }
  }

 private:
  TemporaryDirectory temporary_;
  std::unique_ptr<LocalStore> store_;
};

}  // namespace grange
