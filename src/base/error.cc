#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace grange {

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
    : Error(ErrorKind::system, std::string(doing) + ": " + std::generic_category().message(code)),
      code_(code) {}

void throw_errno(std::string_view doing) {
  throw SystemError(errno, doing);
}

void throw_errno(std::string_view verb, std::string_view object) {
  const int code = errno;
  throw SystemError(code, std::string(verb) + " '" + std::string(object) + "'");
}

}  // namespace grange
