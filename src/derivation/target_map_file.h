#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "derivation/target_map.h"

namespace grange {

/// Where the metadata of the map `file` is: "FILE.meta"; of "FILE.zst" also "FILE.meta".
std::filesystem::path target_map_metadata_path(const std::filesystem::path& file);

/// Reads `file` (plain, or compressed with zstd) and the metadata beside it where there is any, all
/// of it or one label; see parse_target_map. Throws NotFoundError, InvalidError, CorruptError,
/// SystemError, naming the file.
TargetMap read_target_map_file(const std::filesystem::path& file,
                               std::optional<std::string_view> label = std::nullopt);

/// Writes `file` and its metadata, each replaced as a whole and on disk when the call returns. A
/// name that ends in ".zst" is written compressed. Where a crash comes between the two, readers
/// refuse the pair until it is written again.
void write_target_map_file(const std::filesystem::path& file, const TargetMap& map);

}  // namespace grange
