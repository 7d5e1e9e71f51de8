#include "evaluate/fetch_space.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "evaluate/size_watch.h"
#include "process/confinement.h"

namespace grange {
namespace {

constexpr std::chrono::milliseconds kLockRest{50};

/// The only configuration of git that counts. Repositories of others are read, as whoever cannot
/// read them anyway; objects stay in packs, also those that history no longer reaches.
constexpr std::string_view kGitConfiguration = R"([safe]
	directory = *
[protocol "ext"]
	allow = never
[core]
	hooksPath = /dev/null
	fsmonitor = false
	quotePath = false
[init]
	defaultBranch = main
	templateDir =
[gc]
	auto = 0
	autoDetach = false
[maintenance]
	auto = false
[fetch]
	unpackLimit = 1
	writeCommitGraph = false
[pack]
	threads = 2
[credential]
	helper =
[advice]
	detachedHead = false
)";

/// No fetch takes so long: whoever made it was killed.
constexpr std::chrono::hours kOldestWork{48};

void remove_old(const std::filesystem::path& work) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(work, error)) {
    const auto time = entry.last_write_time(error);
    if (error || std::filesystem::file_time_type::clock::now() - time < kOldestWork) continue;
    remove_tree(entry.path());
  }
}

/// How the machine reaches the network is the machine's affair.
constexpr std::array<std::string_view, 12> kKept = {
    "PATH=",     "http_proxy=",        "https_proxy=",   "all_proxy=",
    "no_proxy=", "HTTP_PROXY=",        "HTTPS_PROXY=",   "ALL_PROXY=",
    "NO_PROXY=", "NIX_SSL_CERT_FILE=", "SSL_CERT_FILE=", "GIT_SSL_CAINFO="};

}  // namespace

std::optional<ProcessIdentity> FetchOptions::fetch_identity() {
  return identity_of_tools("grange-fetch", kFetchId);
}

FetchSpace::FetchSpace(const FetchOptions& options, ProcessRunner& runner, const Clock& clock)
    : options_(options),
      runner_(runner),
      clock_(clock),
      scm_(std::filesystem::absolute(options.state).lexically_normal() / "scm") {
  for (const auto* name : {"git", "known", "work", "home"}) {
    grange::create_directories(scm_ / name);
  }
  remove_old(work());
  const auto file = scm_ / "git.config";
  if (try_read_file(file, 1 << 20) != kGitConfiguration) write_file(file, kGitConfiguration);
}

TemporaryDirectory FetchSpace::make_work_directory() const {
  TemporaryDirectory directory(scm_ / "work");
  give(directory.path());
  return directory;
}

void FetchSpace::give(const std::filesystem::path& directory) const {
  const auto& identity = options_.identity;
  if (identity && ::chown(directory.c_str(), identity->first, identity->second) != 0) {
    throw_errno("giving to uid " + std::to_string(identity->first), directory.string());
  }
}

std::vector<std::string> FetchSpace::environment(bool file_protocol) const {
  std::vector<std::string> environment;
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (std::any_of(kKept.begin(), kKept.end(),
                    [&](std::string_view name) { return text.starts_with(name); })) {
      environment.emplace_back(text);
    }
  }
  for (const auto* setting : {"LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1",
                              "GIT_TERMINAL_PROMPT=0", "GIT_NO_REPLACE_OBJECTS=1"}) {
    environment.emplace_back(setting);
  }
  environment.push_back("HOME=" + (scm_ / "home").string());
  environment.push_back("GIT_CONFIG_GLOBAL=" + (scm_ / "git.config").string());
  environment.push_back(std::string("GIT_ALLOW_PROTOCOL=http:https:ssh:git") +
                        (file_protocol ? ":file" : ""));
  environment.push_back("GIT_SSH_COMMAND=" + options_.ssh_command);
  return environment;
}

FetchRun::FetchRun(const FetchSpace& space, Seconds timeout, std::stop_token stop)
    : space_(space),
      timeout_(timeout),
      deadline_(space.clock().monotonic() +
                std::chrono::duration_cast<MonotonicTime::duration>(timeout)),
      stop_(std::move(stop)) {}

void FetchRun::throw_timeout() const {
  throw TimeoutError("it took more than " + format_duration(timeout_.count()));
}

void FetchRun::check() const {
  if (stop_.stop_requested()) throw CancelledError("the fetch was stopped");
  if (space_.clock().monotonic() >= deadline_) throw_timeout();
}

ProgramOutput FetchRun::run(const Call& call) const {
  check();
  const auto& settings = space_.options();
  SpawnOptions options;
  options.arguments = confined_arguments({settings.launcher, settings.identity, settings.max_bytes},
                                         call.arguments);
  options.environment = space_.environment(call.file_protocol);
  options.environment->insert(options.environment->end(), call.variables.begin(),
                              call.variables.end());
  options.working_directory = call.directory;
  RunLimits limits;
  limits.timeout = deadline_ - space_.clock().monotonic();
  limits.output_limit = call.output_limit;
  const auto too_large = [&]() {
    throw InvalidError("it grew beyond the limit of " + format_bytes(settings.max_bytes));
  };
  std::optional<SizeWatch> watch;
  if (!call.grows.empty()) watch.emplace(call.grows, settings.max_bytes, stop_);
  ProgramOutput output;
  try {
    output = space_.runner().run(options, "", limits, watch ? watch->token() : stop_);
  } catch (const TimeoutError&) {
    throw_timeout();
  } catch (const CancelledError&) {
    if (watch && watch->exceeded()) too_large();
    throw;
  }
  if (watch && watch->look()) too_large();
  if (output.status.signal == SIGXFSZ) too_large();
  if (output.status.code == kNoSuchProgram && output.status.signal == 0) {
    throw NotFoundError("there is no program '" + call.arguments.front() + "' in PATH");
  }
  return output;
}

FileDescriptor lock_file(const std::filesystem::path& file, const FetchRun& run) {
  FileDescriptor lock = open_file(file, O_RDWR | O_CREAT, 0600);
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno("locking", file.string());
    run.check();
    std::this_thread::sleep_for(kLockRest);
  }
  return lock;
}

}  // namespace grange
