#include "archive/nar.h"
#include "archive/nar_parser.h"
#include "archive/tree_writer.h"

namespace grange {
namespace {

class NoVisitor final : public NarVisitor {
 public:
  void directory_begin(std::string_view) override {}
  void directory_end() override {}
  void file_begin(std::string_view, bool, std::uint64_t) override {}
  void file_data(std::string_view) override {}
  void file_end() override {}
  void symlink(std::string_view, std::string_view) override {}
};

}  // namespace

void restore_nar(const std::filesystem::path& destination, Source& source) {
  TreeWriter writer(destination);
  parse_nar(source, writer);
  writer.finish();
}

void copy_nar(Source& source, Sink& sink) {
  TeeSource tee(source, sink);
  NoVisitor visitor;
  parse_nar(tee, visitor);
}

}  // namespace grange
