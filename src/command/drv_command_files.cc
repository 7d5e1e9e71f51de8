#include "command/drv_command_files.h"

#include <cstdio>
#include <set>
#include <system_error>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

struct Named {
  std::set<std::string> names;
  bool whole = false;
};

}  // namespace

std::vector<DrvFileGroup> group_drv_files(const DrvFileOptions& options, bool directories) {
  std::map<std::filesystem::path, Named> places;
  for (const auto& file : options.files) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (!std::filesystem::exists(status)) {
      throw NotFoundError("file '" + file + "' does not exist");
    }
    const std::filesystem::path path(file);
    if (!std::filesystem::is_directory(status)) {
      places[path.parent_path()].names.insert(path.filename().string());
    } else if (directories) {
      places[path].whole = true;
    } else {
      throw InvalidError("'" + file + "' is a directory, not a .drv file");
    }
  }
  std::vector<DrvFileGroup> groups;
  for (auto& [path, named] : places) {
    const auto files = std::make_shared<const DerivationDirectory>(path.empty() ? "." : path);
    if (named.whole) {
      for (auto& name : files->file_names()) named.names.insert(std::move(name));
    }
    std::vector<std::string> names(named.names.begin(), named.names.end());
    auto store = options.store_dir.empty() ? files->detect_store_dir(names)
                                           : StoreDir::parse(options.store_dir);
    groups.push_back({path, files, std::move(names), std::move(store)});
  }
  return groups;
}

void add_store_dir_option(CLI::App& command, DrvFileOptions& options) {
  command
      .add_option("--store-dir", options.store_dir,
                  "Logical store directory (default: what the files themselves say)")
      ->type_name("DIR");
}

std::string on_one_line(std::string_view text) {
  return replace_all(printable(text), "\n", "\\n");
}

void print_result(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw_errno("writing", "standard output");
  }
}

}  // namespace grange
