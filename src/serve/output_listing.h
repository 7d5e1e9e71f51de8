#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// Something in a listed directory of an output.
struct ListedEntry {
  enum class Type { directory, regular, symlink, other };
  std::string path;  ///< relative to the directory that was asked for
  std::size_t depth = 0;
  Type type = Type::other;
  std::uint64_t size = 0;   ///< of a file
  bool executable = false;  ///< a file
  std::string target;       ///< of a symlink
  bool is_listed = false;   ///< a directory: what it holds follows it
  std::size_t entries = 0;  ///< of one that is listed
};
std::string_view to_string(ListedEntry::Type type) noexcept;

struct OutputListing {
  std::vector<ListedEntry> entries;  ///< each directory's by name, right behind it
  bool cut = false;                  ///< the directory itself has more
};

/// What is below a directory of the output that lies at `output`, at most `most` entries. Those
/// near are told first: a directory of which the entries do not fit, or that is deeper than
/// `deepest`, is not listed. Follows no symlink below the directory. Not for an io thread. Throws
/// NotFoundError for what is no directory, as open_output_file does.
OutputListing list_output(const std::filesystem::path& output, std::string_view relative,
                          std::size_t most, std::size_t deepest);

}  // namespace grange
