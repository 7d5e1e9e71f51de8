#include "evaluate/walker_process.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

/// Both ends of a stream; a socket, because writing to one whose reader died raises no signal.
std::pair<FileDescriptor, FileDescriptor> make_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw_errno("making a socket pair");
  }
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

ChildProcess start(const std::string& program, const EvaluationSpace& space,
                   const std::vector<std::string>& selection_arguments, int input, int output) {
  SpawnOptions options;
  options.arguments = {program, "repl"};
  const auto add = [&](const std::vector<std::string>& words) {
    options.arguments.insert(options.arguments.end(), words.begin(), words.end());
  };
  add(space.store_words());
  add(selection_arguments);
  options.arguments = space.words_of(std::move(options.arguments));
  options.environment = space.environment();
  options.standard_input = input;
  options.standard_error = output;
  return ChildProcess::spawn(options);
}

void limit(pid_t pid, __rlimit_resource resource, std::uint64_t value) {
  const rlimit both{value, value};
  ::prlimit(pid, resource, &both, nullptr);  // fails only when it has ended already
}

}  // namespace

WalkerProcess::WalkerProcess(const std::string& program, const EvaluationSpace& space,
                             const std::vector<std::string>& selection_arguments, std::string token,
                             std::uint64_t memory, std::uint64_t reserve)
    : token_(std::move(token)),
      report_prefix_("trace: " + token_ + " "),
      group_(MemoryGroup::create(memory)),
      process_([&] {
        auto [ours, theirs] = make_channel();
        auto [read_end, write_end] = make_pipe();
        input_ = std::move(ours);
        output_ = std::move(read_end);
        return start(program, space, selection_arguments, theirs.get(), write_end.get());
      }()) {
  if (group_ && !group_->add(process_.pid())) group_.reset();
  limit(process_.pid(), RLIMIT_AS, memory + reserve);
  limit(process_.pid(), RLIMIT_CORE, 0);
  if (::fcntl(output_.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("setting up a pipe");
}

bool WalkerProcess::send(std::string_view command) {
  while (!command.empty()) {
    const auto sent =
        ::send(input_.get(), command.data(), command.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno != EAGAIN;
    command.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<WalkerProcess::Line> WalkerProcess::next_line() {
  auto line = lines_.next();
  if (!line) return std::nullopt;
  // Not only at its beginning: a program that nix ran (git) may have left half a line there.
  const auto report = line->find(report_prefix_);
  if (report == std::string::npos) return Line{false, std::move(*line)};
  return Line{true, line->substr(report + report_prefix_.size())};
}

std::uint64_t WalkerProcess::resident_bytes() const {
  const auto text = try_read_file(fmt::format("/proc/{}/statm", process_.pid()), 4096);
  if (!text) return 0;
  const auto words = split_words(*text);
  const auto pages = words.size() > 1 ? parse_number(words[1]) : std::nullopt;
  return pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace grange
