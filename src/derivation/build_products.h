#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace grange {

/// Something that a build offers to people: a file or a directory of an output.
struct BuildProduct {
  std::string type;     ///< "file", "doc", "report", …
  std::string subtype;  ///< "iso", "manual", …
  std::string name;     ///< the last part of the path; empty for an output itself
  std::string path;     ///< in full, below an output of the build
  std::string default_path;
  /// Did an output declare it? Where none declares any, each output that is a directory is one, of
  /// the type "nix-build".
  bool declared = true;
  std::optional<std::uint64_t> size;  ///< of a regular file
  std::optional<Hash> sha256;         ///< of a regular file's content, where it was asked for

  friend bool operator==(const BuildProduct&, const BuildProduct&) = default;
};

/// A number that a build measured.
struct BuildMetric {
  std::string name;
  double value = 0;
  std::string unit;

  friend bool operator==(const BuildMetric&, const BuildMetric&) = default;
};

/// What the outputs of a build say about it in their nix-support directories (hydra.md §1.8).
struct BuildReport {
  std::vector<BuildProduct> products;
  std::vector<BuildMetric> metrics;  ///< sorted by name
  std::string release_name;
  /// The output that marks the build as failed with nix-support/failed.
  std::optional<std::string> failed_output;

  friend bool operator==(const BuildReport&, const BuildReport&) = default;
};

/// The lines of nix-support/hydra-build-products: TYPE SUBTYPE PATH [DEFAULT-PATH], with the path
/// in double quotes where it has spaces. As in Hydra, lines that do not say that are passed over.
/// Whether a path is anything is for the caller to see; neither names nor sizes are set.
std::vector<BuildProduct> parse_build_products(std::string_view text);

/// The lines of nix-support/hydra-metrics: NAME VALUE [UNIT]. Of those with one name the last
/// counts; lines that do not say that are passed over.
std::vector<BuildMetric> parse_build_metrics(std::string_view text);

/// The one word of nix-support/hydra-release-name.
std::optional<std::string> parse_release_name(std::string_view text);

/// The name of a product at a path, where it can be shown as it is.
std::string build_product_name(std::string_view path);

inline constexpr std::size_t kMaxBuildProducts = 10000;
inline constexpr std::size_t kMaxBuildMetrics = 10000;

}  // namespace grange
