#include "process/confinement.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iterator>
#include <string_view>
#include <system_error>

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::string_view kConfine = "confine";
constexpr std::string_view kAsItIs = "-";
/// The launcher, "confine", uid, gid, size, and then the program.
constexpr int kProgramAt = 5;

void limit_to(__rlimit_resource resource, std::uint64_t value) {
  rlimit both{};
  if (::getrlimit(resource, &both) != 0) throw_errno("reading a limit");
  if (both.rlim_max == RLIM_INFINITY || both.rlim_max > value) both.rlim_max = value;
  both.rlim_cur = both.rlim_max;
  if (::setrlimit(resource, &both) != 0) throw_errno("setting a limit");
}

std::optional<std::uint64_t> number_at(char** argv, int at) {
  const std::string_view text = argv[at];
  if (text == kAsItIs) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) {
    throw InvalidError("a number was specified, got '" + std::string(text) + "'");
  }
  return number;
}

void give_up_privileges(char** argv) {
  if (const auto size = number_at(argv, 4)) limit_to(RLIMIT_FSIZE, *size);
  limit_to(RLIMIT_CORE, 0);
  ::umask(022);
  const auto uid = number_at(argv, 2);
  const auto gid = number_at(argv, 3);
  if (uid && gid) {
    const auto group = static_cast<gid_t>(*gid);
    const auto user = static_cast<uid_t>(*uid);
    if (::setgroups(0, nullptr) != 0) throw_errno("leaving all groups");
    if (::setresgid(group, group, group) != 0) throw_errno("taking gid", std::to_string(group));
    if (::setresuid(user, user, user) != 0) throw_errno("taking uid", std::to_string(user));
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw_errno("forbidding new privileges");
  // After the change of user, which clears it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) throw_errno("binding a tool to our life");
  if (::getppid() == 1) ::_exit(1);  // it has died already
}

}  // namespace

std::optional<ProcessIdentity> identity_of_tools(const char* account, uid_t otherwise) {
  if (::geteuid() != 0) return std::nullopt;
  std::array<char, 16384> buffer;
  passwd user{};
  passwd* found = nullptr;
  if (::getpwnam_r(account, &user, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return ProcessIdentity(user.pw_uid, user.pw_gid);
  }
  return ProcessIdentity(otherwise, gid_t{otherwise});
}

std::vector<std::string> confined_arguments(const Confinement& confinement,
                                            std::vector<std::string> arguments) {
  const auto& identity = confinement.identity;
  std::vector<std::string> words = {
      confinement.launcher.string(), std::string(kConfine),
      identity ? std::to_string(identity->first) : std::string(kAsItIs),
      identity ? std::to_string(identity->second) : std::string(kAsItIs),
      confinement.largest_file > 0 ? std::to_string(confinement.largest_file)
                                   : std::string(kAsItIs)};
  words.insert(words.end(), std::make_move_iterator(arguments.begin()),
               std::make_move_iterator(arguments.end()));
  return words;
}

int run_confined(int argc, char** argv) noexcept {
  try {
    if (argc <= kProgramAt || argv[1] != kConfine) {
      throw InvalidError(
          "usage: grange-launcher confine UID GID SIZE PROGRAM …; the number is '-' "
          "where nothing is to change");
    }
    give_up_privileges(argv);
    ::execvp(argv[kProgramAt], argv + kProgramAt);
    const int code = errno;
    std::fprintf(stderr, "grange-launcher: cannot start '%s': %s\n", argv[kProgramAt],
                 std::strerror(code));
    return kNoSuchProgram;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grange-launcher: %s\n", error.what());
    return kNoSuchProgram - 1;
  }
}

}  // namespace grange
