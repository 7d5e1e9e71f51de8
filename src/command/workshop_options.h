#pragma once

#include <optional>
#include <string>
#include <vector>

#include "farm/workshop.h"

namespace CLI {
class App;
}

namespace grange {

/// The options that every command shares which makes steps on this machine.
struct WorkshopOptions {
  std::optional<unsigned> jobs;       ///< here; nothing: as many as there are processors
  std::vector<std::string> builders;  ///< lists of other machines
  unsigned cores = 0;
  double timeout = 0;
  double max_silent = 0;
  std::uint64_t max_log_mib = 0;
  std::string store;  ///< root; empty: in the state directory
  std::string eval_store;
  std::vector<std::string> sandbox_paths;
  std::vector<std::string> host_paths;
  std::vector<std::string> hashed_mirrors;
  std::vector<std::string> substituters;
  std::vector<std::string> trusted_keys;
  std::string netrc;
  std::int64_t positive_ttl = std::int64_t{30} * 24 * 3600;  ///< seconds
  std::int64_t negative_ttl = 3600;
  std::string certificates;
  bool no_sandbox = false;
  bool relaxed_sandbox = false;
  std::string min_free;  ///< bytes; empty: no collection on low disk
  std::string max_free;
  bool keep_failed = false;
  unsigned repeat = 0;
  bool sync = false;
  bool fast_metadata = false;

  unsigned job_count() const;
  StepLimits limits() const;
};

void add_workshop_options(CLI::App& command, WorkshopOptions& options);

/// From the options, this process's environment and where its program stands.
WorkshopConfig workshop_config(const WorkshopOptions& options);

}  // namespace grange
