#include "build/attempt_area.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {

namespace {

constexpr const char* kBuild = "build";
constexpr unsigned kMostNumbers = 1U << 20;

std::filesystem::path numbered(const std::filesystem::path& parent, std::string_view prefix,
                               unsigned number) {
  return parent / (std::string(prefix) + "-" + std::to_string(number));
}

[[noreturn]] void throw_all_taken(const std::filesystem::path& parent, std::string_view prefix) {
  throw UnavailableError("every directory '" + (parent / prefix).string() + "-N' exists already");
}

/// Moves a directory to PARENT/PREFIX-N with the least N that is free; nothing where the file
/// systems do not let it.
std::optional<std::filesystem::path> move_to_numbered(const std::filesystem::path& directory,
                                                      const std::filesystem::path& parent,
                                                      std::string_view prefix) {
  for (unsigned number = 0; number < kMostNumbers; ++number) {
    auto place = numbered(parent, prefix, number);
    if (::renameat2(AT_FDCWD, directory.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) == 0) {
      return place;
    }
    if (errno == EXDEV || errno == EINVAL || errno == ENOSYS) return std::nullopt;
    if (errno != EEXIST) throw_errno("creating directory", place.string());
  }
  throw_all_taken(parent, prefix);
}

}  // namespace

std::filesystem::path make_numbered_directory(const std::filesystem::path& parent,
                                              std::string_view prefix, mode_t mode) {
  for (unsigned number = 0; number < kMostNumbers; ++number) {
    auto directory = numbered(parent, prefix, number);
    if (::mkdir(directory.c_str(), mode) == 0) return directory;
    if (errno != EEXIST) throw_errno("creating directory", directory.string());
  }
  throw_all_taken(parent, prefix);
}

AttemptArea::AttemptArea(BuildArea& area) : area_(area), id_(area.begin()) {}

void AttemptArea::note_outputs(const std::vector<StorePath>& outputs) {
  area_.add_outputs(id_, outputs);
}

std::filesystem::path AttemptArea::spool_file() {
  spooled_ = true;
  return spool_file_path();
}

std::filesystem::path AttemptArea::spool_file_path() const {
  return area_.path() / ("spool-" + std::to_string(id_));
}

AttemptArea::~AttemptArea() {
  try {
    discard_build_directory();
    if (spooled_) remove_tree(spool_file_path());
  } catch (const std::exception&) {  // what is in the area goes with it later
  }
  if (!path_.empty()) area_.directories().give_back(path_);
  area_.end(id_);
}

std::filesystem::path AttemptArea::make_directory(std::string_view name, mode_t mode) {
  if (path_.empty()) path_ = area_.directories().take();
  auto directory = path_ / name;
  if (::mkdir(directory.c_str(), mode) != 0 && errno != EEXIST) {
    throw_errno("creating directory", directory.string());
  }
  // Our umask is the user's affair; what the builder's identity may enter is not.
  if (::chmod(directory.c_str(), mode) != 0) throw_errno("opening directory", directory.string());
  return directory;
}

std::filesystem::path AttemptArea::make_build_directory(const std::filesystem::path& parent,
                                                        std::string_view name) {
  const auto prefix = "nix-build-" + std::string(name);
  auto moved = move_to_numbered(make_directory(kBuild, 0700), parent, prefix);
  auto directory = moved ? std::move(*moved) : make_numbered_directory(parent, prefix, 0700);
  build_directory_ = directory;
  area_.add_directory(id_, directory);
  return directory;
}

void AttemptArea::keep_build_directory() {
  area_.release_directory(id_, build_directory_);
  build_directory_.clear();
}

void AttemptArea::discard_build_directory() {
  if (build_directory_.empty()) return;
  const auto directory = build_directory_;
  keep_build_directory();
  // Back to where it came from, to be emptied there; otherwise it is of no further use.
  if (::rename(directory.c_str(), (path_ / kBuild).c_str()) != 0) remove_tree(directory);
}

}  // namespace grange
