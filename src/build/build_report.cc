#include "build/build_report.h"

#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/stream.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::uint64_t kMaxSupportFile = std::uint64_t{1} << 20;
constexpr std::size_t kMaxPath = 4096;

/// A file or directory of an output, opened without following a symlink.
struct Opened {
  FileDescriptor file;
  bool directory = false;
  std::uint64_t size = 0;
};

/// Is the name just not there, or not of the right kind?
bool is_absence(int code) {
  return code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG;
}

std::optional<Opened> open_below(const std::filesystem::path& output,
                                 const std::vector<std::string_view>& names) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  Opened opened;
  opened.file = FileDescriptor(::open(output.c_str(), kFlags));
  for (const auto name : names) {
    if (!opened.file) break;
    opened.file = FileDescriptor(::openat(opened.file.get(), std::string(name).c_str(), kFlags));
  }
  if (!opened.file) {
    if (is_absence(errno)) return std::nullopt;
    throw_errno("opening a file of", output.string());
  }
  struct stat status {};
  if (::fstat(opened.file.get(), &status) != 0) throw_errno("looking at", output.string());
  opened.directory = S_ISDIR(status.st_mode);
  if (!opened.directory && !S_ISREG(status.st_mode)) return std::nullopt;
  opened.size = static_cast<std::uint64_t>(status.st_size);
  return opened;
}

class Reader {
 public:
  Reader(LocalStore& store, const std::map<std::string, StorePath>& outputs,
         std::string_view derivation_name, ProductHashes hashes, const std::stop_token& stop)
      : store_(store),
        outputs_(outputs),
        derivation_name_(derivation_name),
        hashes_(hashes),
        stop_(stop) {}

  BuildReport read() {
    bool declared = false;
    std::map<std::string, BuildMetric> metrics;
    for (const auto& [name, path] : outputs_) {
      const auto output = store_.real_path(path);
      if (!open_below(output, {"nix-support"})) continue;
      if (!report_.failed_output && open_below(output, {"nix-support", "failed"})) {
        report_.failed_output = name;
      }
      if (const auto text = support_file(output, "hydra-build-products")) {
        declared = true;
        for (auto& product : parse_build_products(*text)) add_product(path, std::move(product));
      }
      for (auto& metric : parse_build_metrics(support_file(output, "hydra-metrics").value_or(""))) {
        auto key = metric.name;
        metrics.insert_or_assign(std::move(key), std::move(metric));
      }
      const auto release = support_file(output, "hydra-release-name");
      if (auto word = release ? parse_release_name(*release) : std::nullopt) {
        report_.release_name = *std::move(word);
      }
    }
    for (auto& [name, metric] : metrics) report_.metrics.push_back(std::move(metric));
    if (!declared) add_undeclared();
    return std::move(report_);
  }

 private:
  static std::optional<std::string> support_file(const std::filesystem::path& output,
                                                 std::string_view name) {
    const auto opened = open_below(output, {"nix-support", name});
    if (!opened || opened->directory || opened->size > kMaxSupportFile) return std::nullopt;
    FdSource source(opened->file.get());
    StringSink text;
    drain(source, text);
    return text.take();
  }

  void add_product(const StorePath& declared_by, BuildProduct product) {
    if (report_.products.size() == kMaxBuildProducts || product.path.size() > kMaxPath) return;
    const auto normal = std::filesystem::path(product.path).lexically_normal().string();
    const auto prefix = store_.store_dir().str() + "/";
    if (!normal.starts_with(prefix)) return;
    auto names = split(std::string_view(normal).substr(prefix.size()), '/');
    if (names.back().empty()) names.pop_back();  // a final slash
    if (names.empty()) return;
    const auto* output = find(names.front());
    if (output == nullptr) return;
    names.erase(names.begin());
    const auto opened = open_below(store_.real_path(*output), names);
    if (!opened) return;
    product.path = store_.store_dir().print(*output);
    for (const auto name : names) product.path.append("/").append(name);
    const bool whole = names.empty() && *output == declared_by;
    product.name = whole ? "" : build_product_name(product.path);
    if (!opened->directory) {
      product.size = opened->size;
      if (hashes_ == ProductHashes::compute) product.sha256 = hash_of(*opened);
    }
    report_.products.push_back(std::move(product));
  }

  const StorePath* find(std::string_view base_name) const {
    for (const auto& [name, path] : outputs_) {
      if (path.base_name() == base_name) return &path;
    }
    return nullptr;
  }

  Hash hash_of(const Opened& opened) const {
    FdSource source(opened.file.get());
    HashSink sink(HashAlgorithm::sha256);
    std::vector<char> buffer(std::size_t{1} << 17);
    while (const auto count = source.read(buffer.data(), buffer.size())) {
      if (stop_.stop_requested()) throw CancelledError("stopped while hashing build products");
      sink.write({buffer.data(), count});
    }
    return sink.finish();
  }

  void add_undeclared() {
    for (const auto& [name, path] : outputs_) {
      const auto opened = open_below(store_.real_path(path), {});
      if (!opened || !opened->directory) continue;
      BuildProduct product;
      product.type = "nix-build";
      product.subtype = name == "out" ? "" : name;
      product.name = derivation_name_;
      product.path = store_.store_dir().print(path);
      product.declared = false;
      report_.products.push_back(std::move(product));
    }
  }

  LocalStore& store_;
  const std::map<std::string, StorePath>& outputs_;
  std::string_view derivation_name_;
  ProductHashes hashes_;
  const std::stop_token& stop_;
  BuildReport report_;
};

}  // namespace

BuildReport read_build_report(LocalStore& store, const std::map<std::string, StorePath>& outputs,
                              std::string_view derivation_name, ProductHashes hashes,
                              const std::stop_token& stop) {
  return Reader(store, outputs, derivation_name, hashes, stop).read();
}

std::string failed_output_message(std::string_view output) {
  return "its output '" + std::string(output) + "' marks it as failed (nix-support/failed)";
}

}  // namespace grange
