#include "command/state_directory.h"

#include <cstdlib>

#include <pwd.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {

std::filesystem::path default_state_directory() {
  if (const char* own = std::getenv("GRANGE_STATE_DIRECTORY"); own != nullptr && *own != '\0') {
    return std::filesystem::absolute(own);
  }
  if (const char* xdg = std::getenv("XDG_STATE_HOME"); xdg != nullptr && *xdg == '/') {
    return std::filesystem::path(xdg) / "grange";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') {
    const passwd* account = ::getpwuid(::getuid());
    home = account == nullptr ? nullptr : account->pw_dir;
  }
  if (home == nullptr) {
    throw NotFoundError("there is no home directory; set GRANGE_STATE_DIRECTORY");
  }
  return std::filesystem::path(home) / ".local/state/grange";
}

}  // namespace grange
