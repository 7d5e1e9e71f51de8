#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/file.h"
#include "derivation/derivation_graph.h"

namespace grange {

// What the tests of this house read.

inline const StoreDir kNix = StoreDir::nix();

/// The project's own golden derivations of one store directory, "nix-store" or "gnu-store".
inline std::filesystem::path golden_directory(const std::string& store) {
  return std::filesystem::path(GRANGE_SOURCE_DIR) / "docs/formats/golden/output-set" / store;
}

/// The shared real data; nothing where it is absent.
inline std::optional<std::filesystem::path> shared_data(const std::string& name) {
  const char* specified = std::getenv("GRANGE_TEST_DATA");
  const auto root = specified != nullptr
                        ? std::filesystem::path(specified)
                        : std::filesystem::path(GRANGE_SOURCE_DIR).parent_path() / "shared/data";
  auto path = root / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

/// Texts of .drv files by base name.
using Texts = std::map<std::string, std::string>;

inline Texts read_texts(const std::filesystem::path& directory) {
  Texts texts;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".drv") continue;
    texts.emplace(entry.path().filename().string(), read_file(entry.path()));
  }
  return texts;
}

/// The files of an archive, as `tar` writes them.
inline Texts texts_of_tar(const std::string& tar) {
  constexpr std::size_t kBlock = 512;
  Texts texts;
  std::string long_name;
  for (std::size_t at = 0; at + kBlock <= tar.size() && tar[at] != '\0';) {
    const auto size = std::stoull(tar.substr(at + 124, 11), nullptr, 8);
    const auto content = std::string_view(tar).substr(at + kBlock, size);
    if (tar[at + 156] == 'L') {  // the content is the name of the next file
      long_name = content.substr(0, content.find('\0'));
    } else {
      // A name of a hundred bytes has no end.
      const auto name = std::string_view(tar).substr(at, 100);
      texts.emplace(long_name.empty() ? name.substr(0, name.find('\0')) : long_name, content);
      long_name.clear();
    }
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
  return texts;
}

/// Reads from `texts`, which must outlive it.
inline DerivationReader reader_of(const Texts& texts) {
  return [&texts](const StorePath& path, std::string& text) {
    const auto found = texts.find(path.base_name());
    if (found == texts.end()) return false;
    text = found->second;
    return true;
  };
}

}  // namespace grange
