#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grange {

/// What a catcher can do about an error. One file maps kinds to exit codes (command/exit_code.cc).
enum class ErrorKind {
  invalid,      ///< bad input: a text, an argument, a file that somebody wrote
  not_found,    ///< the named thing is not there
  conflict,     ///< somebody else has it, or it is already something else
  denied,       ///< permission or policy refuses
  corrupt,      ///< data on disk or on the wire is not what it must be
  unavailable,  ///< worth trying again: a peer, a lock, a full disk
  timeout,      ///< a deadline passed
  cancelled,    ///< somebody asked us to stop
  system,       ///< the operating system refused; `code()` holds errno
};

/// The root of everything Grange throws: a message and a chain of contexts, outermost last.
///
/// A layer that knows more adds one context and rethrows the same object (`throw;`); see
/// `with_context`. A build that fails is a value (BuildResult), never an Error.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message);

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& message() const noexcept { return message_; }
  const std::vector<std::string>& contexts() const noexcept { return contexts_; }

  /// Adds what was being done, for example "while registering path '/nix/store/…'".
  void add_context(std::string context);

  /// "message (while …; while …)": one line, contexts innermost first.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
  std::vector<std::string> contexts_;
  std::string text_;
};

namespace detail {
template <ErrorKind Kind>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(std::string message) : Error(Kind, std::move(message)) {}
};
}  // namespace detail

using InvalidError = detail::ErrorOf<ErrorKind::invalid>;
using NotFoundError = detail::ErrorOf<ErrorKind::not_found>;
using ConflictError = detail::ErrorOf<ErrorKind::conflict>;
using DeniedError = detail::ErrorOf<ErrorKind::denied>;
using CorruptError = detail::ErrorOf<ErrorKind::corrupt>;
using UnavailableError = detail::ErrorOf<ErrorKind::unavailable>;
using TimeoutError = detail::ErrorOf<ErrorKind::timeout>;
using CancelledError = detail::ErrorOf<ErrorKind::cancelled>;

/// A system call that failed. The message ends in the system's own text for `code`. Its kind is
/// `denied` for lacking permission or a read-only file system, `unavailable` for a full disk and
/// other exhausted resources, `system` otherwise.
class SystemError : public Error {
 public:
  SystemError(int code, std::string_view doing);
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/// Throws SystemError for the present errno: `throw_errno("opening", path)`.
[[noreturn]] void throw_errno(std::string_view doing);
[[noreturn]] void throw_errno(std::string_view verb, std::string_view object);

/// Runs `action`; an Error that leaves it gains the context that `describe()` returns.
template <typename Describe, typename Action>
decltype(auto) with_context(Describe&& describe, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (Error& error) {
    error.add_context(std::forward<Describe>(describe)());
    throw;
  }
}

}  // namespace grange
