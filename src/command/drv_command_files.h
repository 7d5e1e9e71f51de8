#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "command/derivation_directory.h"

namespace CLI {
class App;
}

namespace grange {

/// What `drv show`, `drv id` and `drv verify` share: which files, of which store.
struct DrvFileOptions {
  std::vector<std::string> files;
  std::string store_dir;  ///< empty: what the files themselves say
};

/// The .drv files of one directory that were named.
struct DrvFileGroup {
  std::filesystem::path directory;  ///< as it was named
  std::shared_ptr<const DerivationDirectory> files;
  std::vector<std::string> names;  ///< sorted, each once
  StoreDir store;

  std::string shown(const std::string& name) const {
    return directory.empty() ? name : (directory / name).string();
  }
};

/// Groups the named files by where they are. A directory stands for every .drv in it where
/// `directories` allows that. Throws NotFoundError for what is not there, InvalidError for a
/// directory where none may stand.
std::vector<DrvFileGroup> group_drv_files(const DrvFileOptions& options, bool directories);

void add_store_dir_option(CLI::App& command, DrvFileOptions& options);

/// Foreign text that keeps to one line of a terminal.
std::string on_one_line(std::string_view text);

/// Writes to standard output; throws SystemError when that fails (a full disk, a closed pipe).
void print_result(std::string_view text);

}  // namespace grange
