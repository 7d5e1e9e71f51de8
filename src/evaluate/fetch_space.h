#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/file.h"
#include "process/confinement.h"
#include "process/process.h"

namespace grange {

/// How inputs are fetched.
struct FetchOptions {
  /// What is kept between fetches lies in `scm` below it: mirrors, and what is known already. Where
  /// the programs have another identity, that must be able to enter it.
  std::filesystem::path state;
  std::filesystem::path launcher;  ///< the grange-launcher binary
  /// Of the programs that read foreign data; nothing: this process's own.
  std::optional<ProcessIdentity> identity = fetch_identity();
  std::uint64_t max_bytes = std::uint64_t{16} << 30;   ///< of one mirror, and of one tree
  std::uint64_t max_tarball = std::uint64_t{2} << 30;  ///< of what is downloaded
  Seconds timeout{600};                                ///< of inputs that name none themselves
  std::string ssh_command =
      "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=30";
  unsigned at_once = 4;

  /// Root's fetches are those of the account `grange-fetch`, or of kFetchId where there is none;
  /// nothing for anybody else.
  static std::optional<ProcessIdentity> fetch_identity();
  /// Below the builders' (UidPool).
  static constexpr uid_t kFetchId = 29999;
};

/// The directories of all fetches and the surroundings of the programs that they run. Thread safe.
class FetchSpace {
 public:
  /// Makes the directories. The runner outlives it.
  FetchSpace(const FetchOptions& options, ProcessRunner& runner, const Clock& clock);

  const FetchOptions& options() const noexcept { return options_; }
  ProcessRunner& runner() const noexcept { return runner_; }
  const Clock& clock() const noexcept { return clock_; }
  std::filesystem::path mirrors() const { return scm_ / "git"; }
  std::filesystem::path known() const { return scm_ / "known"; }
  std::filesystem::path work() const { return scm_ / "work"; }

  /// A fresh directory that belongs to the programs.
  TemporaryDirectory make_work_directory() const;
  /// Gives a directory of ours to the programs.
  void give(const std::filesystem::path& directory) const;
  /// Complete; no configuration but ours counts, nothing asks. `file_protocol`: may git read
  /// repositories of this machine?
  std::vector<std::string> environment(bool file_protocol) const;

 private:
  FetchOptions options_;
  ProcessRunner& runner_;
  const Clock& clock_;
  std::filesystem::path scm_;
};

/// One fetch: programs that run confined, one after another, until a common deadline.
class FetchRun {
 public:
  FetchRun(const FetchSpace& space, Seconds timeout, std::stop_token stop);

  struct Call {
    std::vector<std::string> arguments;  ///< [0] is the program
    std::filesystem::path directory;     ///< that it works in
    std::vector<std::string> variables;  ///< "K=V", beside the space's
    bool file_protocol = false;
    std::filesystem::path grows;  ///< watched, where not empty: FetchOptions::max_bytes
    std::uint64_t output_limit = std::uint64_t{64} << 20;
  };
  /// Whatever it ended with. Throws TimeoutError for the deadline, CancelledError, InvalidError for
  /// what grows beyond its limit, NotFoundError where there is no such program.
  ProgramOutput run(const Call& call) const;

  const FetchSpace& space() const noexcept { return space_; }
  const std::stop_token& stop() const noexcept { return stop_; }
  MonotonicTime deadline() const noexcept { return deadline_; }
  /// Throws TimeoutError or CancelledError when it is over.
  void check() const;

 private:
  [[noreturn]] void throw_timeout() const;

  const FetchSpace& space_;
  Seconds timeout_;
  MonotonicTime deadline_;
  std::stop_token stop_;
};

/// An exclusive lock on a file, made where it is not there; waits as long as the run may take.
FileDescriptor lock_file(const std::filesystem::path& file, const FetchRun& run);

}  // namespace grange
