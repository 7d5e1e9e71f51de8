#pragma once

#include <string>

#include "archive/nar_visitor.h"

namespace grange {

/// Makes the listing of a NAR as it passes by, as binary caches keep it beside a narinfo
/// ("HASH.ls", nix-store.md §7.3): its files with their sizes and where their contents begin in the
/// NAR.
class NarListing final : public NarVisitor {
 public:
  void directory_begin(std::string_view name) override;
  void directory_end() override;
  void file_begin(std::string_view name, bool executable, std::uint64_t size) override;
  void file_data(std::string_view data) override;
  void file_end() override;
  void symlink(std::string_view name, std::string_view target) override;

  /// {"version":1,"root":{…}}, once the whole NAR has passed.
  std::string take();

 private:
  /// What stands before a node: its place among its parent's entries.
  void begin_node(std::string_view name);
  void end_node(std::string_view text);

  std::string text_;
  std::uint64_t offset_ = 0;  ///< in the NAR, behind what was told of so far
  std::size_t depth_ = 0;     ///< of open directories
  bool first_entry_ = true;   ///< of the innermost directory
  std::uint64_t file_size_ = 0;
};

}  // namespace grange
