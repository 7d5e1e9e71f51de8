#include "command/password_prompt.h"

#include <array>
#include <cstdio>

#include <termios.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kLongestPasswordLine = 4096;

/// The terminal shows nothing of what is typed while this lives.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) throw_errno("asking the terminal for its settings");
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (::tcsetattr(fd_, TCSAFLUSH, &silent) != 0) throw_errno("switching the terminal's echo off");
  }
  ~SilentTerminal() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

 private:
  const int fd_;
  termios before_{};
};

std::string read_password_line() {
  std::string line;
  for (;;) {
    char c = 0;
    const auto size = ::read(STDIN_FILENO, &c, 1);
    if (size < 0) throw_errno("reading the password");
    if (size == 0 || c == '\n') break;
    line += c;
    if (line.size() > kLongestPasswordLine) throw InvalidError("the password is too long");
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string ask_at_terminal(const std::string& prompt) {
  std::fprintf(stderr, "%s: ", prompt.c_str());
  std::string line;
  {
    const SilentTerminal silent(STDIN_FILENO);
    line = read_password_line();
  }
  std::fputc('\n', stderr);
  return line;
}

}  // namespace

std::string read_password(const std::string& prompt, bool is_new) {
  std::string password;
  if (::isatty(STDIN_FILENO) == 1) {
    password = ask_at_terminal(prompt);
    if (is_new && ask_at_terminal("again") != password) {
      throw InvalidError("the two passwords are not the same");
    }
  } else {
    password = read_password_line();
  }
  if (password.empty()) throw InvalidError("specified a password, got nothing");
  return password;
}

}  // namespace grange
