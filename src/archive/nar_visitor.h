#pragma once

#include <cstdint>
#include <string_view>

namespace grange {

/// Told of the nodes of a tree in NAR order: entries of a directory ascending by name. The root's
/// name is empty. Data comes in pieces whose sizes add up to the size announced.
class NarVisitor {
 public:
  virtual ~NarVisitor() = default;
  virtual void directory_begin(std::string_view name) = 0;
  virtual void directory_end() = 0;
  virtual void file_begin(std::string_view name, bool executable, std::uint64_t size) = 0;
  virtual void file_data(std::string_view data) = 0;
  virtual void file_end() = 0;
  virtual void symlink(std::string_view name, std::string_view target) = 0;
};

}  // namespace grange
