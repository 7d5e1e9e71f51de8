#include "build/user_environment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr int kFirstPropagatedPriority = 1000;
constexpr std::uint64_t kMaxPropagatedList = std::uint64_t{1} << 20;

/// Of no use in an environment, or in every package: by the end of the whole path, as in Nix.
constexpr std::array<std::string_view, 7> kLeftOut = {"/propagated-build-inputs",
                                                      "/nix-support",
                                                      "/perllocal.pod",
                                                      "/info/dir",
                                                      "/log",
                                                      "/manifest.nix",
                                                      "/manifest.json"};

bool is_left_out(std::string_view path) {
  return std::any_of(kLeftOut.begin(), kLeftOut.end(),
                     [&](std::string_view end) { return path.ends_with(end); });
}

int parse_integer(std::string_view text) {
  int number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end) {
    throw InvalidError(fmt::format("'{}' in 'derivations' is not a number", printable(text)));
  }
  return number;
}

}  // namespace

std::vector<EnvironmentPackage> parse_environment_packages(std::string_view text) {
  const auto words = split_words(text);
  std::size_t at = 0;
  const auto next = [&] {
    if (at == words.size()) throw InvalidError("'derivations' ends in the middle");
    return words[at++];
  };
  std::vector<EnvironmentPackage> packages;
  while (at < words.size()) {
    const bool active = next() != "false";
    const int priority = parse_integer(next());
    for (int outputs = parse_integer(next()); outputs > 0; --outputs) {
      packages.push_back({std::string(next()), active, priority});
    }
  }
  return packages;
}

/// The merging of packages into the tree.
class UserEnvironment::Merge {
 public:
  explicit Merge(UserEnvironment& environment) : environment_(environment) {}

  void add_package(const std::string& path, int priority) {
    if (!done_.insert(path).second) return;
    const auto directory = environment_.files_.find(path);
    if (!directory) {
      throw InvalidError(fmt::format("package '{}' is not there", printable(path)));
    }
    merge(*directory, path, environment_.root_, "", priority, 0);
    postpone_propagated(*directory);
  }

  /// What was propagated and not added yet.
  std::set<std::string> take_postponed() { return std::exchange(postponed_, {}); }

 private:
  using File = VisibleFiles::File;

  void postpone_propagated(const File& package) {
    if (!package.directory) return;
    const auto list =
        environment_.files_.find_in(package, "nix-support/propagated-user-env-packages");
    if (!list || list->directory || list->real.empty()) return;
    const auto text = read_file(list->real, kMaxPropagatedList);
    for (const auto path : split_words(text)) {
      if (!done_.contains(std::string(path))) postponed_.emplace(path);
    }
  }

  /// `path` is what links to the files of `from` begin with, `name` where `to` is in the tree.
  void merge(const File& from, const std::string& path, Directory& to, const std::string& name,
             int priority, unsigned depth) {
    environment_.checkpoint_();
    if (!from.directory) {
      environment_.report_(
          fmt::format("not including '{}' in the user environment because it is not a directory",
                      printable(path)));
      return;
    }
    if (depth > kMaxDepth) {
      throw InvalidError(fmt::format("'{}' is nested too deep", printable(path)));
    }
    for (const auto& entry : VisibleFiles::names_in(from)) {
      if (entry.starts_with('.')) continue;
      const auto source = path + "/" + entry;
      const auto place = name + "/" + entry;
      const auto file = environment_.files_.find_in(from, entry);
      if (!file) {
        environment_.report_(fmt::format("skipping dangling symlink '{}'", printable(source)));
        continue;
      }
      if (is_left_out(source)) continue;
      if (++entries_ > kMaxEntries) throw InvalidError("a user environment of too many files");
      auto& existing = to.entries[entry];
      if (file->directory) {
        merge_directory(*file, source, existing, place, priority, depth);
      } else {
        merge_file(source, existing, place, priority);
      }
    }
  }

  void merge_directory(const File& from, const std::string& source, Entry& existing,
                       const std::string& place, int priority, unsigned depth) {
    if (existing.link) {
      const auto link = std::move(*existing.link);
      existing.link.reset();
      const auto target = environment_.files_.find(link.target);
      if (!target || !target->directory) {
        throw InvalidError(fmt::format("collision between '{}' and non-directory '{}'",
                                       printable(source), printable(link.target)));
      }
      existing.directory = std::make_unique<Directory>();
      merge(*target, target->path, *existing.directory, place, link.priority, depth + 1);
    }
    if (existing.directory) {
      merge(from, source, *existing.directory, place, priority, depth + 1);
    } else {
      existing.link = Link{source, priority};
    }
  }

  void merge_file(const std::string& source, Entry& existing, const std::string& place,
                  int priority) {
    if (existing.directory) {
      throw InvalidError(fmt::format("collision between non-directory '{}' and directory '{}'",
                                     printable(source), printable(place)));
    }
    if (existing.link && existing.link->priority == priority) {
      throw InvalidError(
          fmt::format("'{}' and '{}' have the same priority {}; one of their packages must get "
                      "another priority",
                      printable(source), printable(existing.link->target), priority));
    }
    if (existing.link && existing.link->priority < priority) return;
    existing.link = Link{source, priority};
  }

  UserEnvironment& environment_;
  std::set<std::string> done_;
  std::set<std::string> postponed_;
  std::size_t entries_ = 0;
};

UserEnvironment::UserEnvironment(const VisibleFiles& files,
                                 std::function<void(const std::string&)> report,
                                 std::function<void()> checkpoint)
    : files_(files), report_(std::move(report)), checkpoint_(std::move(checkpoint)) {}

void UserEnvironment::add(std::vector<EnvironmentPackage> packages) {
  std::sort(packages.begin(), packages.end(),
            [](const EnvironmentPackage& a, const EnvironmentPackage& b) {
              return std::tie(a.priority, a.path) < std::tie(b.priority, b.path);
            });
  Merge merge(*this);
  for (const auto& package : packages) {
    if (package.active) merge.add_package(package.path, package.priority);
  }
  int priority = kFirstPropagatedPriority;
  for (auto postponed = merge.take_postponed(); !postponed.empty();
       postponed = merge.take_postponed()) {
    for (const auto& path : postponed) merge.add_package(path, priority++);
  }
}

void write_environment(const UserEnvironment::Directory& tree, const std::filesystem::path& to) {
  if (::mkdir(to.c_str(), 0755) != 0) throw_errno("making directory", to.string());
  for (const auto& [name, entry] : tree.entries) {
    const auto path = to / name;
    if (entry.directory) {
      write_environment(*entry.directory, path);
    } else if (entry.link && ::symlink(entry.link->target.c_str(), path.c_str()) != 0) {
      throw_errno("making symlink", path.string());
    }
  }
}

}  // namespace grange
