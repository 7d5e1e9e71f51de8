#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "build/visible_files.h"

namespace grange {

/// A package of a user environment; the lower its priority is as a number, the more it counts.
struct EnvironmentPackage {
  std::string path;
  bool active = true;
  int priority = 0;
};

/// The value of `derivations` of builtin:buildenv: for each derivation whether it is active
/// ("false" or not), its priority, how many outputs follow, and these. Throws InvalidError.
std::vector<EnvironmentPackage> parse_environment_packages(std::string_view text);

/// A tree of symlinks to the files of packages, in which directories that several have are merged.
/// By the rules of Nix 2.8 (nix-store.md §10.10).
class UserEnvironment {
 public:
  struct Directory;
  struct Link {
    std::string target;
    int priority;
  };
  /// A link, or a directory of its own.
  struct Entry {
    std::optional<Link> link;
    std::unique_ptr<Directory> directory;
  };
  struct Directory {
    std::map<std::string, Entry> entries;
  };

  /// `report` hears of what is left out; `checkpoint` is called often, and may throw to stop it.
  UserEnvironment(const VisibleFiles& files, std::function<void(const std::string&)> report,
                  std::function<void()> checkpoint);

  /// Adds the active packages and then, with lower priorities, those that they propagate. Throws
  /// InvalidError where they collide, and for packages that are not there.
  void add(std::vector<EnvironmentPackage> packages);
  const Directory& root() const { return root_; }

  static constexpr std::size_t kMaxEntries = 10'000'000;
  static constexpr unsigned kMaxDepth = 200;

 private:
  class Merge;
  const VisibleFiles& files_;
  std::function<void(const std::string&)> report_;
  std::function<void()> checkpoint_;
  Directory root_;
};

/// Makes the tree on disk, in a new directory.
void write_environment(const UserEnvironment::Directory& tree, const std::filesystem::path& to);

}  // namespace grange
