#pragma once

#include <map>
#include <string>

#include "wire/request_forms.h"
#include "wire/worker_frames.h"

namespace grange {

/// What a client sets for its connection, before any other operation.
struct SetOptions {
  static constexpr WorkerOperation kOperation = WorkerOperation::set_options;
  using Reply = NoReply;
  bool keep_failed = false;
  bool keep_going = false;
  bool try_fallback = false;
  Verbosity verbosity = Verbosity::info;
  std::uint64_t max_build_jobs = 1;
  std::uint64_t max_silent_time = 0;  ///< seconds; 0: no limit
  bool verbose_build = true;          ///< builders' output is told
  std::uint64_t build_cores = 0;      ///< 0: all
  bool use_substitutes = true;
  std::map<std::string, std::string> overrides{};  ///< settings by name

  static SetOptions read(WireReader& in);
  void write(WireWriter& out) const;
};

}  // namespace grange
