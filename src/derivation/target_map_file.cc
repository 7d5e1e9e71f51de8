#include "derivation/target_map_file.h"

#include <optional>
#include <string>

#include "base/compression.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "derivation/target_map_text.h"

namespace grange {
namespace {

constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kZstdSuffix = ".zst";

}  // namespace

std::filesystem::path target_map_metadata_path(const std::filesystem::path& file) {
  std::string name = file.string();
  if (name.ends_with(kZstdSuffix)) name.resize(name.size() - kZstdSuffix.size());
  return name + ".meta";
}

TargetMap read_target_map_file(const std::filesystem::path& file,
                               std::optional<std::string_view> label) {
  return with_context([&] { return "while reading the target map '" + file.string() + "'"; },
                      [&] {
                        std::string text = read_file(file, kMaxTargetMapSize);
                        if (text.starts_with(kZstdMagic)) {
                          text = decompress(Compression::zstd, text, kMaxTargetMapSize);
                        }
                        const std::optional<std::string> metadata =
                            try_read_file(target_map_metadata_path(file), kMaxTargetMapSize);
                        return parse_target_map(text, metadata, label);
                      });
}

void write_target_map_file(const std::filesystem::path& file, const TargetMap& map) {
  with_context([&] { return "while writing the target map '" + file.string() + "'"; },
               [&] {
                 TargetMapText text = print_target_map(map);
                 if (file.string().ends_with(kZstdSuffix)) {
                   text.map = compress(Compression::zstd, text.map);
                 }
                 write_file(file, text.map, Durability::synced);
                 fault_point("target-map.before-metadata");
                 write_file(target_map_metadata_path(file), text.metadata, Durability::synced);
               });
}

}  // namespace grange
