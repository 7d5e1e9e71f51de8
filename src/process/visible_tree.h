#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// What a new root directory shows, planned before anything is mounted: directories and files of
/// its own, and host files and directories bound into them.
///
/// A path may be bound below a host directory that is bound itself (/bin and /bin/sh). Its mount
/// point must not be made in the host's directory, so that directory becomes one of our own in
/// which every entry of the host's is bound. Nothing is done where it already shows the same file.
class VisibleTree {
 public:
  enum class Kind {
    directory,
    file,            ///< of our own, with `text` as its content
    symlink,         ///< `text` is where it points
    bind_directory,  ///< `text` is the host directory, without symlinks
    bind_file,       ///< a host file
    bind_device,     ///< a device, socket or pipe of the host
  };
  struct Entry {
    Kind kind;
    std::string path;  ///< absolute, inside; directories come before what is in them
    std::string text;
  };

  /// An own, empty directory; with its parents. Fine when it is there.
  void add_directory(std::string_view path);
  void add_file(std::string_view path, std::string content);
  void add_symlink(std::string_view path, std::string target);
  /// Shows the host's `source` (its symlinks followed) at `path`, in place of what was there.
  /// False when there is no such source. Throws InvalidError for a path with "..".
  bool bind(std::string_view path, const std::filesystem::path& source);

  /// Is there an own directory at this path?
  bool has_directory(std::string_view path) const;
  /// Is there anything at this path that this tree itself made (not within something bound)?
  bool contains(std::string_view path) const;
  /// Is there anything in this own directory?
  bool has_children(std::string_view path) const;
  std::vector<Entry> entries() const;

 private:
  struct Node {
    Kind kind = Kind::directory;
    std::string text;
    std::string link_source;  ///< for a symlink of an opened directory: the host's symlink
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
  };
  using Components = std::vector<std::string_view>;

  static void open_directory(Node& node);
  static const Node* find(const Node& from, const Components& components);
  /// The own directory that is to hold the last component; null when `source` is shown there
  /// already.
  Node* parent_of(std::string_view path, const Components& components, const std::string* source);
  Node& place(std::string_view path, Kind kind, std::string text);

  Node root_;
};

}  // namespace grange
