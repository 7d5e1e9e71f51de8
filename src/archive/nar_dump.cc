#include "archive/chunk_output.h"
#include "archive/nar.h"
#include "archive/reference_scanner.h"
#include "archive/tree_copy.h"
#include "archive/tree_dumper.h"
#include "archive/tree_writer.h"

namespace grange {
namespace {

NarDigest dump_and_hash(const std::filesystem::path& path, Sink* near, NarVisitor* mirror) {
  HashSink hash(HashAlgorithm::sha256);
  ChunkOutput output(near, hash, true);
  TreeDumper(output, mirror).dump(path);
  output.finish();
  return {hash.finish(), hash.size()};
}

}  // namespace

void dump_nar(const std::filesystem::path& path, Sink& sink) {
  ChunkOutput output(nullptr, sink, false);
  TreeDumper(output).dump(path);
  output.finish();
}

NarDigest hash_nar(const std::filesystem::path& path) {
  return dump_and_hash(path, nullptr, nullptr);
}

ScannedNar scan_nar(const std::filesystem::path& path, const std::set<StorePath>& candidates) {
  ReferenceScanner scanner(candidates);
  const NarDigest digest = dump_and_hash(path, candidates.empty() ? nullptr : &scanner, nullptr);
  return {digest, scanner.found()};
}

NarDigest copy_tree(const std::filesystem::path& source, const std::filesystem::path& destination) {
  TreeWriter writer(destination);
  const NarDigest digest = dump_and_hash(source, nullptr, &writer);
  writer.finish();
  return digest;
}

}  // namespace grange
