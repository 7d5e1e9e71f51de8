#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "derivation/build_result.h"
#include "farm/declared_projects.h"

namespace grange {

/// What grange.toml says of the server itself; nothing where it says nothing. Paths are absolute.
struct FarmFileServer {
  std::optional<std::string> listen;  ///< HOST:PORT
  std::optional<std::string> base_url;
  std::optional<std::string> database;                 ///< a URL or a file
  std::optional<std::filesystem::path> database_file;  ///< whose first line is that
  std::optional<std::filesystem::path> state;
  std::optional<unsigned> evaluations;       ///< at once
  std::optional<std::string> daemon_socket;  ///< a path, or "none"
  std::optional<unsigned> daemon_shares;
  friend bool operator==(const FarmFileServer&, const FarmFileServer&) = default;
};

/// Of how steps are made, as the options of `grange serve` say it.
struct FarmFileBuild {
  std::optional<unsigned> jobs;
  std::optional<unsigned> cores;
  std::optional<std::int64_t> timeout;     ///< seconds
  std::optional<std::int64_t> max_silent;  ///< seconds
  std::optional<std::int64_t> max_log;     ///< MiB
  std::optional<std::filesystem::path> store;
  std::optional<std::string> sandbox;  ///< on, off, relaxed
  std::optional<std::vector<std::string>> sandbox_paths;
  std::optional<std::vector<std::string>> builders;
  std::optional<std::vector<std::string>> substituters;
  std::optional<std::vector<std::string>> trusted_public_keys;
  std::optional<std::string> min_free;
  std::optional<std::string> max_free;
  friend bool operator==(const FarmFileBuild&, const FarmFileBuild&) = default;
};

/// Of evaluators.
struct FarmFileEvaluate {
  std::optional<unsigned> workers;
  std::optional<std::int64_t> max_memory;         ///< MiB, of each
  std::optional<std::int64_t> attribute_timeout;  ///< seconds
  std::optional<std::int64_t> timeout;            ///< seconds, of all of it; 0: no limit
  friend bool operator==(const FarmFileEvaluate&, const FarmFileEvaluate&) = default;
};

/// A secret that forges sign with, in a file of its own.
struct FarmFileWebhook {
  std::string forge;
  std::filesystem::path file;
};

/// grange.toml.
struct FarmFile {
  std::string name;  ///< of the file, absolute
  FarmFileServer server;
  FarmFileBuild build;
  FarmFileEvaluate evaluate;
  /// How long a failure of a class is believed; nothing: for ever.
  std::map<Outcome, std::optional<Seconds>> failure_lifetimes;
  std::vector<FarmFileWebhook> webhooks;
  std::vector<DeclaredProject> projects;
};

inline constexpr std::size_t kLargestFarmFile = std::size_t{1} << 20;

/// Reads the text of a file whose absolute path is `file`; relative paths in it begin in that
/// file's directory. Throws InvalidError that says FILE:LINE and the key of what is wrong first,
/// with what else is wrong as contexts. What nobody knows is wrong.
FarmFile parse_farm_file(std::string_view text, const std::filesystem::path& file);

/// The same of a file on disk. Throws also NotFoundError and DeniedError.
FarmFile read_farm_file(const std::filesystem::path& file);

/// The first line of a file that holds a secret. Throws InvalidError where that is empty.
std::string read_secret_file(const std::filesystem::path& file);

}  // namespace grange
