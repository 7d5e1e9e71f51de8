#include "command/exit_code.h"

namespace grange {

int exit_code_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::corrupt:
      return kExitData;
    case ErrorKind::not_found:
      return kExitNoInput;
    case ErrorKind::denied:
      return kExitDenied;
    case ErrorKind::conflict:
    case ErrorKind::unavailable:
    case ErrorKind::timeout:
      return kExitTryAgain;
    case ErrorKind::cancelled:
      return kExitCancelled;
    case ErrorKind::system:
      return kExitInternal;
  }
  return kExitInternal;
}

}  // namespace grange
