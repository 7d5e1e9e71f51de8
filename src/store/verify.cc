#include "store/verify.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include <sys/stat.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/stream.h"
#include "base/thread_annotations.h"

namespace grange {
namespace {

bool is_there(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw_errno("looking at", path.string());
}

NarDigest digest_of(const std::filesystem::path& path, HashAlgorithm algorithm) {
  if (algorithm == HashAlgorithm::sha256) return hash_nar(path);
  HashSink hash(algorithm);
  dump_nar(path, hash);
  return {hash.finish(), hash.size()};
}

std::optional<std::string> problem_of(LocalStore& store, const StorePath& path,
                                      bool check_contents) {
  const auto real = store.real_path(path);
  if (!is_there(real)) return "its files are gone";
  if (!check_contents) return std::nullopt;
  const auto info = store.path_info(path);
  if (!info) return std::nullopt;  // collected meanwhile
  const NarDigest got = digest_of(real, info->nar_hash.algorithm());
  if (got.hash != info->nar_hash) {
    return "its content was changed: specified " + info->nar_hash.to_string(HashFormat::nix32) +
           ", got " + got.hash.to_string(HashFormat::nix32);
  }
  if (info->nar_size != 0 && got.size != info->nar_size) {
    return "its size is wrong: specified " + std::to_string(info->nar_size) + ", got " +
           std::to_string(got.size);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> object_problem(LocalStore& store, const StorePath& path,
                                          bool check_contents) {
  std::optional<std::string> problem;
  try {
    problem = problem_of(store, path, check_contents);
  } catch (const Error& error) {
    problem = error.what();
  }
  // A collector may have removed it, with its row, while we looked.
  if (problem && !store.is_valid(path)) return std::nullopt;
  return problem;
}

std::vector<StoreProblem> verify_store(LocalStore& store, bool check_contents,
                                       const std::stop_token& stop) {
  const std::vector<StorePath> paths = store.all_valid_paths();
  std::vector<StoreProblem> problems;
  Mutex mutex;
  parallel_for(
      paths.size(), processor_count(),
      [&](std::size_t i) {
        if (stop.stop_requested()) throw CancelledError("checking the store was cancelled");
        if (auto problem = object_problem(store, paths[i], check_contents)) {
          const MutexLock lock(mutex);
          problems.push_back({paths[i], std::move(*problem)});
        }
      },
      1);
  std::sort(
      problems.begin(), problems.end(),
      [](const StoreProblem& left, const StoreProblem& right) { return left.path < right.path; });
  return problems;
}

}  // namespace grange
