#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// What stands in one place of a file tree, as a NAR knows it.
struct TreeNode {
  enum class Type : std::uint8_t { directory, file, symlink, other };
  Type type = Type::other;
  bool executable = false;  ///< of files
  std::uint64_t size = 0;   ///< of files: bytes
  std::string target;       ///< of symlinks
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

/// One place where two file trees differ: by its type, execute permission, size, target or content.
struct TreeDifference {
  std::string path;                     ///< below the roots; empty for the roots themselves
  std::optional<TreeNode> first;        ///< nothing: only the second tree has it
  std::optional<TreeNode> second;       ///< nothing: only the first tree has it
  std::optional<std::uint64_t> offset;  ///< two files: of the first byte that differs
};

struct TreeDifferences {
  std::vector<TreeDifference> found;  ///< in the order of a NAR
  bool more = false;                  ///< there may be others: looking ended at the limit
};

/// Where two trees differ, at most `limit` places. A directory that only one of them has is one
/// place, whatever is in it. Follows no symlink; reads only the files of equal place and type.
/// `allowance`, where given, is what may still be read, in bytes: what is read of files and 256 for
/// each place are taken off it, and looking ends when nothing is left.
/// Throws CancelledError when stopped, NotFoundError for a root that does not exist, InvalidError
/// for trees deeper than a NAR may be, SystemError.
TreeDifferences find_tree_differences(const std::filesystem::path& first,
                                      const std::filesystem::path& second, std::size_t limit,
                                      const std::stop_token& stop,
                                      std::uint64_t* allowance = nullptr);

/// One line of text for each, for people: what only the first tree has with "-", what only the
/// second has with "+", what differs with "!". Names from the trees cannot drive a terminal, and
/// long ones are cut.
std::string print_tree_differences(const TreeDifferences& differences);

/// A path of a tree for people: on one line, without what could drive a terminal, long ones cut.
std::string shown_tree_path(std::string_view path);

}  // namespace grange
