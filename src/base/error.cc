#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace grange {

namespace {

/// A full disk may be emptied, a permission will not change by waiting: what to do about a system
/// call's failure depends on which failure it is.
ErrorKind kind_of(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return ErrorKind::unavailable;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::denied;
    default:
      return ErrorKind::system;
  }
}

}  // namespace

Error::Error(ErrorKind kind, std::string message)
    : kind_(kind), message_(std::move(message)), text_(message_) {}

void Error::add_context(std::string context) {
  contexts_.push_back(std::move(context));
  text_ = message_ + " (";
  for (std::size_t i = 0; i < contexts_.size(); ++i) {
    if (i > 0) text_ += "; ";
    text_ += contexts_[i];
  }
  text_ += ')';
}

SystemError::SystemError(int code, std::string_view doing)
    : Error(kind_of(code), std::string(doing) + ": " + std::generic_category().message(code)),
      code_(code) {}

void throw_errno(std::string_view doing) {
  throw SystemError(errno, doing);
}

void throw_errno(std::string_view verb, std::string_view object) {
  const int code = errno;
  throw SystemError(code, std::string(verb) + " '" + std::string(object) + "'");
}

}  // namespace grange
