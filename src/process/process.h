#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/file.h"

namespace grange {

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< exit code, when it exited
  int signal = 0;  ///< or the signal that ended it; 0 when it exited
  bool success() const noexcept { return code == 0 && signal == 0; }
  /// "exit code 3", "signal 9 (Killed)".
  std::string to_string() const;
};

/// From what waitpid(2) says of a process that has ended.
ExitStatus exit_status_of(int wait_status);

/// A program to start with posix_spawn. No shell.
struct SpawnOptions {
  std::vector<std::string> arguments;  ///< [0] is the program, searched in PATH without a '/'
  std::optional<std::vector<std::string>> environment;  ///< "K=V"; nothing: this process's own
  std::filesystem::path working_directory;              ///< empty: this process's own
  int standard_input = -1;                              ///< a descriptor, or -1 for /dev/null
  int standard_output = -1;                             ///< a descriptor, or -1 for /dev/null
  int standard_error = -1;  ///< a descriptor, or -1 for this process's own
  /// Further descriptors to hand over: {ours, number in the child}.
  std::vector<std::pair<int, int>> descriptors;
  bool new_process_group = true;
};

/// A running child. The destructor kills its process group (SIGKILL) and reaps it.
class ChildProcess {
 public:
  static ChildProcess spawn(const SpawnOptions& options);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  pid_t pid() const noexcept { return pid_; }
  /// Nothing when it is still running at the deadline.
  std::optional<ExitStatus> wait_until(MonotonicTime deadline);
  ExitStatus wait();
  /// Signals the whole process group where it has its own.
  void kill(int signal) noexcept;
  /// A pidfd, readable when the child has ended.
  int poll_descriptor() const noexcept { return pidfd_.get(); }

 private:
  ChildProcess(pid_t pid, FileDescriptor pidfd, bool group);
  pid_t pid_ = -1;
  FileDescriptor pidfd_;
  bool group_ = false;
  std::optional<ExitStatus> status_;
};

/// A finished program's output.
struct ProgramOutput {
  ExitStatus status;
  std::string standard_output;
  std::string standard_error;
};
struct RunLimits {
  Seconds timeout{600};
  std::uint64_t output_limit = std::uint64_t{64} << 20;
};

/// The seam for running small tools to their end.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  /// Throws TimeoutError, CancelledError, or NotFoundError when there is no such program. An exit
  /// code other than 0 is no error here.
  virtual ProgramOutput run(const SpawnOptions& options, std::string_view input,
                            const RunLimits& limits, std::stop_token stop) = 0;
};
class SystemProcessRunner final : public ProcessRunner {
 public:
  ProgramOutput run(const SpawnOptions& options, std::string_view input, const RunLimits& limits,
                    std::stop_token stop) override;
};

}  // namespace grange
