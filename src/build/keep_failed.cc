#include "build/keep_failed.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "build/build_area.h"
#include "build/install_outputs.h"

namespace grange {
namespace {

class Keeper {
 public:
  Keeper(const StoreLocation& location, AttemptArea& area, const FailedAttempt& attempt)
      : location_(location), area_(area), attempt_(attempt) {}

  KeptAttempt keep() {
    KeptAttempt kept;
    if (!attempt_.build_directory.empty()) {
      kept.told +=
          fmt::format("; its build directory is kept at '{}'", keep_build_directory().string());
    }
    for (const auto& place : attempt_.places) {
      struct stat status {};
      if (place.present || ::lstat(place.location.c_str(), &status) != 0) continue;
      const auto path = path_for(place);
      move_tree(place.location, path);
      kept.told += fmt::format("; output '{}' is kept at '{}'", place.name, path.string());
      kept.outputs.emplace(place.name, path);
    }
    return kept;
  }

 private:
  std::filesystem::path path_for(const OutputPlace& place) {
    const auto checked = attempt_.checked.find(place.name);
    if (checked == attempt_.checked.end()) return directory() / place.made_as.base_name();
    auto path = location_.real_store / (checked->second.base_name() + ".check");
    remove_tree(path);
    return path;
  }

  std::filesystem::path keep_build_directory() {
    auto path = attempt_.build_directory;
    if (attempt_.sandboxed) {
      path = directory() / "build";
      move_tree(attempt_.build_directory, path);
    } else {
      area_.keep_build_directory();
    }
    if (::chmod(path.c_str(), 0755) != 0) throw_errno("opening directory", path.string());
    return path;
  }

  const std::filesystem::path& directory() {
    if (directory_.empty()) {
      const auto parent = kept_directories(location_);
      grange::create_directories(parent);
      directory_ = make_numbered_directory(
          parent, "nix-build-" + std::string(attempt_.derivation_name) + ".drv", 0755);
    }
    return directory_;
  }

  const StoreLocation& location_;
  AttemptArea& area_;
  const FailedAttempt& attempt_;
  std::filesystem::path directory_;
};

}  // namespace

KeptAttempt keep_failed(const StoreLocation& location, AttemptArea& area,
                        const FailedAttempt& attempt) {
  return Keeper(location, area, attempt).keep();
}

}  // namespace grange
