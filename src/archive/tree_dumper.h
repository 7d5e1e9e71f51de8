#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "archive/chunk_output.h"
#include "archive/nar_visitor.h"
#include "base/file.h"

namespace grange {

/// Walks a file tree by descriptors and writes its NAR. `mirror` (optional) is told of the same
/// nodes and data on the way, which is how a tree is copied and hashed in one reading.
class TreeDumper {
 public:
  explicit TreeDumper(ChunkOutput& output, NarVisitor* mirror = nullptr)
      : output_(output), mirror_(mirror) {}
  /// Throws NotFoundError for a root that does not exist, InvalidError for what a NAR cannot hold,
  /// UnavailableError for a file that changes under the reading, SystemError.
  void dump(const std::filesystem::path& root);

 private:
  struct Entry {
    std::string name;
    unsigned char type;  ///< DT_…
  };

  void node(int parent, const char* name, std::string_view nar_name, unsigned char type,
            std::size_t depth);
  void file(int parent, const char* name, std::string_view nar_name);
  void contents(int fd, std::uint64_t size);
  void symlink(int parent, const char* name, std::string_view nar_name);
  void directory(int parent, const char* name, std::string_view nar_name, std::size_t depth);
  std::vector<Entry> entries(int fd);
  [[noreturn]] void fail(std::string_view verb) const;

  ChunkOutput& output_;
  NarVisitor* mirror_;
  std::string shown_;          ///< the node being written, for messages
  std::string frame_;          ///< reused
  std::vector<char> listing_;  ///< reused
};

}  // namespace grange
