// Arbitrary bytes as a NAR: what is accepted restores to a tree whose own NAR is the very bytes
// that were read; what is refused leaves nothing behind.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "archive/nar.h"
#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"

namespace {

using namespace grange;

/// The archive that the bytes begin with, when they do.
std::optional<std::string> accepted(std::string_view bytes) {
  StringSource source(bytes);
  StringSink archive;
  try {
    copy_nar(source, archive);
  } catch (const CorruptError&) {
    return std::nullopt;
  }
  return archive.take();
}

bool is_there(const std::filesystem::path& path) {
  return std::filesystem::exists(std::filesystem::symlink_status(path));
}

/// Memory, where there is some: a run makes and removes thousands of trees.
std::filesystem::path scratch() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryDirectory directory(scratch());
  const auto tree = directory.path() / "tree";
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto archive = accepted(bytes);
  StringSource source(bytes);
  if (!archive) {
    try {
      restore_nar(tree, source);
      std::abort();  // restoring must be as strict as reading
    } catch (const CorruptError&) {
    }
    GRANGE_CHECK(!is_there(tree));
    return 0;
  }
  GRANGE_CHECK(bytes.starts_with(*archive));
  try {
    restore_nar(tree, source);
  } catch (const SystemError&) {  // a name or target that this file system does not take
    GRANGE_CHECK(!is_there(tree));
    return 0;
  }
  StringSink again;
  dump_nar(tree, again);
  GRANGE_CHECK(again.text() == *archive);
  remove_tree(tree);
  return 0;
}
