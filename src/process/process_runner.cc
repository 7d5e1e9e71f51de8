#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "process/process.h"

namespace grange {
namespace {

/// A program's input as an unnamed file: nothing has to be fed to it while it runs.
FileDescriptor input_file(std::string_view input) {
  if (input.empty()) return {};
  FileDescriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) throw_errno("making an input file");
  FdSink(file.get()).write(input);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("rewinding an input file");
  return file;
}

/// One of a program's output streams on its way into a string.
struct Capture {
  FileDescriptor pipe;
  std::string text;

  /// Reads what is there; false when there is nothing (now, or ever again).
  bool read_some() {
    std::array<char, 65536> buffer;
    const auto count = ::read(pipe.get(), buffer.data(), buffer.size());
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
      return true;
    }
    if (count < 0 && errno == EINTR) return true;
    if (count < 0 && errno == EAGAIN) return false;
    if (count < 0) throw_errno("reading a program's output");
    pipe.reset();
    return false;
  }
};

class Run {
 public:
  Run(const SpawnOptions& options, std::string_view input, const RunLimits& limits)
      : name_(options.arguments.empty() ? std::string() : options.arguments.front()),
        limits_(limits),
        deadline_(std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<MonotonicTime::duration>(
                      std::clamp(limits.timeout, Seconds(0), Seconds(1e8)))),
        stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        child_(spawn(options, input)) {
    if (!stopped_) throw_errno("making an eventfd");
  }

  void stop() const noexcept { ::eventfd_write(stopped_.get(), 1); }

  ProgramOutput finish(const std::stop_token& token) {
    while (!wait_for_something(token)) {
    }
    // What it left in the background would keep the pipes open; it is killed while its leader is
    // still unreaped, so that the group's number is certainly its own.
    child_.kill(SIGKILL);
    const ExitStatus status = child_.wait();
    for (auto* capture : {&output_, &error_}) {
      while (capture->pipe && capture->read_some()) check_size();
    }
    return {status, std::move(output_.text), std::move(error_.text)};
  }

 private:
  ChildProcess spawn(SpawnOptions options, std::string_view input) {
    const FileDescriptor input_descriptor = input_file(input);
    auto [output_read, output_write] = make_pipe();
    auto [error_read, error_write] = make_pipe();
    for (const int fd : {output_read.get(), error_read.get()}) {
      if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) throw_errno("preparing a pipe");
    }
    options.standard_input = input_descriptor.get();
    options.standard_output = output_write.get();
    options.standard_error = error_write.get();
    options.new_process_group = true;
    output_.pipe = std::move(output_read);
    error_.pipe = std::move(error_read);
    return ChildProcess::spawn(options);
  }

  /// True once the program has ended.
  bool wait_for_something(const std::stop_token& token) {
    std::array<pollfd, 4> waited{
        pollfd{child_.poll_descriptor(), POLLIN, 0}, pollfd{stopped_.get(), POLLIN, 0},
        pollfd{output_.pipe.get(), POLLIN, 0}, pollfd{error_.pipe.get(), POLLIN, 0}};
    const Seconds left = deadline_ - std::chrono::steady_clock::now();
    const auto timeout = static_cast<int>(std::clamp(left.count() * 1000 + 1, 0.0, 1e9));
    if (::poll(waited.data(), waited.size(), timeout) < 0 && errno != EINTR) {
      throw_errno("waiting for '" + name_ + "'");
    }
    if (token.stop_requested()) throw CancelledError("'" + name_ + "' was stopped");
    if (waited[2].revents != 0) output_.read_some();
    if (waited[3].revents != 0) error_.read_some();
    check_size();
    if (waited[0].revents != 0) return true;
    if (std::chrono::steady_clock::now() >= deadline_) {
      throw TimeoutError("'" + name_ + "' was still running after " +
                         format_duration(limits_.timeout.count()));
    }
    return false;
  }

  void check_size() const {
    if (output_.text.size() + error_.text.size() > limits_.output_limit) {
      throw InvalidError("'" + name_ + "' wrote more than " + format_bytes(limits_.output_limit));
    }
  }

  std::string name_;
  RunLimits limits_;
  MonotonicTime deadline_;
  FileDescriptor stopped_;
  Capture output_;
  Capture error_;
  ChildProcess child_;
};

}  // namespace

ProgramOutput SystemProcessRunner::run(const SpawnOptions& options, std::string_view input,
                                       const RunLimits& limits, std::stop_token stop) {
  Run run(options, input, limits);
  const std::stop_callback callback(stop, [&] { run.stop(); });
  return run.finish(stop);
}

}  // namespace grange
