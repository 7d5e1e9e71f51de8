#include "build/fixed_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"

namespace grange {
namespace {

BuildFailure rejected(std::string message) {
  return {Outcome::output_rejected, std::move(message)};
}

Hash hash_file(const std::filesystem::path& path, HashAlgorithm algorithm) {
  const auto file = open_file(path, O_RDONLY);
  FdSource source(file.get());
  HashSink sink(algorithm);
  drain(source, sink);
  return sink.finish();
}

Hash hash_tree(const std::filesystem::path& tree, HashAlgorithm algorithm, const ScannedNar& nar) {
  if (algorithm == HashAlgorithm::sha256) return nar.nar.hash;
  HashSink sink(algorithm);
  dump_nar(tree, sink);
  return sink.finish();
}

}  // namespace

bool is_plain_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) throw_errno("looking at", file.string());
  return S_ISREG(status.st_mode) && (status.st_mode & S_IXUSR) == 0;
}

std::optional<BuildFailure> check_fixed_output(std::string_view shown, const StoreDir& store,
                                               const ContentAddress& specified,
                                               const std::filesystem::path& tree,
                                               const ScannedNar& nar) {
  const auto algorithm = specified.hash.algorithm();
  const bool flat =
      specified.method == ContentMethod::flat || specified.method == ContentMethod::text;
  if (flat && !is_plain_file(tree)) {
    return rejected(
        fmt::format("the output of fixed-output derivation '{}' is not a regular file without "
                    "execute permission, which its {} hash needs",
                    shown, to_string(specified.method)));
  }
  const auto got = flat ? hash_file(tree, algorithm) : hash_tree(tree, algorithm, nar);
  if (got != specified.hash) {
    return BuildFailure{
        Outcome::hash_mismatch,
        fmt::format("hash mismatch in fixed-output derivation '{}':\n  specified: {}\n     got:    "
                    "{}",
                    shown, specified.hash.to_string(HashFormat::sri),
                    got.to_string(HashFormat::sri))};
  }
  if (!nar.references.empty()) {
    std::string references;
    for (const auto& path : nar.references) references += "\n  " + store.print(path);
    return rejected(fmt::format(
        "the output of fixed-output derivation '{}' must not refer to store paths, but does to:{}",
        shown, references));
  }
  return std::nullopt;
}

}  // namespace grange
