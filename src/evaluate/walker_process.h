#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "evaluate/evaluation_space.h"
#include "evaluate/line_buffer.h"
#include "process/memory_group.h"
#include "process/process.h"

namespace grange {

/// One `nix repl` that serves as a persistent evaluator: commands go to its standard input, the
/// walker's reports and nix's errors come from its standard error. An expression that fails costs
/// it nothing; one that kills it costs this process only. Not thread safe; never blocks.
class WalkerProcess {
 public:
  /// Throws NotFoundError when there is no such program. It gets a control group with `memory`
  /// bytes where that can be had, and at any rate RLIMIT_AS, with `reserve` beyond, for addresses
  /// that it does not use.
  WalkerProcess(const std::string& program, const EvaluationSpace& space,
                const std::vector<std::string>& selection_arguments, std::string token,
                std::uint64_t memory, std::uint64_t reserve);

  const std::string& token() const { return token_; }
  /// Readable when there is output.
  int output_descriptor() const { return output_.get(); }
  /// Readable when the process has ended.
  int end_descriptor() const { return process_.poll_descriptor(); }

  /// False when the process does not take a command although it lives. One that has died is found
  /// dead by its end descriptor.
  bool send(std::string_view command);

  /// Takes in some of what there is to read; false when there was nothing. The lines of it, reports
  /// or not, come from next_line().
  bool read_output() { return lines_.read_from(output_.get()); }
  struct Line {
    bool is_report;
    std::string text;  ///< of a report: what follows the token
  };
  std::optional<Line> next_line();
  /// A line without end was begun: nothing more will be understood of this process.
  bool overflowed() const { return lines_.overflowed(); }

  pid_t pid() const { return process_.pid(); }
  std::uint64_t resident_bytes() const;
  /// Was it killed by the kernel for what it used?
  bool ran_out_of_memory() const { return group_ && group_->exceeded(); }
  void kill() { process_.kill(SIGKILL); }
  /// No more commands; it ends by itself.
  void close_input() { input_.reset(); }
  std::optional<ExitStatus> wait_until(MonotonicTime deadline) {
    return process_.wait_until(deadline);
  }

 private:
  std::string token_;
  std::string report_prefix_;
  FileDescriptor input_;
  FileDescriptor output_;
  std::optional<MemoryGroup> group_;  ///< goes after what is in it
  ChildProcess process_;
  LineBuffer lines_;
};

}  // namespace grange
