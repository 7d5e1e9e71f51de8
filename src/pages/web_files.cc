#include "pages/web_files.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/error.h"
#include "base/hash.h"

/// Written by cmake/web_files.cmake: names, begins and ends, and after the last one null.
extern "C" const char* const grange_web_files[];

namespace grange {
namespace {

std::vector<WebFile> read_table() {
  std::vector<WebFile> files;
  for (const auto* entry = grange_web_files; *entry != nullptr; entry += 3) {
    files.push_back({entry[0], {entry[1], static_cast<std::size_t>(entry[2] - entry[1])}});
  }
  std::sort(files.begin(), files.end(),
            [](const WebFile& a, const WebFile& b) { return a.name < b.name; });
  return files;
}

std::string digest_of(std::span<const WebFile> files) {
  std::string all;
  for (const auto& file : files) {
    all.append(file.name).append("\n").append(
        hash_bytes(HashAlgorithm::sha256, file.content).digits(HashFormat::base16));
  }
  return hash_bytes(HashAlgorithm::sha256, all).digits(HashFormat::base16).substr(0, 16);
}

}  // namespace

std::span<const WebFile> web_files() {
  static const auto files = read_table();
  return files;
}

const WebFile& web_file(std::string_view name) {
  const auto files = web_files();
  const auto found = std::lower_bound(
      files.begin(), files.end(), name,
      [](const WebFile& file, std::string_view sought) { return file.name < sought; });
  if (found == files.end() || found->name != name) {
    throw NotFoundError("there is no file '" + std::string(name) + "'");
  }
  return *found;
}

const std::string& web_files_digest() {
  static const auto digest = digest_of(web_files());
  return digest;
}

}  // namespace grange
