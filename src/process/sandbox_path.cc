#include "base/error.h"
#include "base/text.h"
#include "process/launcher.h"

namespace grange {

SandboxPath SandboxPath::parse(std::string_view text) {
  const auto refuse = [&](std::string_view reason) {
    throw InvalidError("sandbox path '" + printable(text) + "' " + std::string(reason));
  };
  SandboxPath path;
  std::string_view rest = text;
  if (rest.ends_with('?')) {
    path.optional = true;
    rest.remove_suffix(1);
  }
  const auto equals = rest.find('=');
  const auto target = rest.substr(0, equals);
  const auto source = equals == std::string_view::npos ? target : rest.substr(equals + 1);
  for (const auto side : {target, source}) {
    if (!side.starts_with('/')) refuse("must be absolute: PATH or INSIDE=OUTSIDE");
    if (side.find('\0') != std::string_view::npos) refuse("contains a zero byte");
  }
  for (const auto component : split(target, '/')) {
    if (component == "..") refuse("must not contain '..'");
  }
  path.target = target;
  path.source = source;
  return path;
}

std::string SandboxPath::to_string() const {
  return target.string() + "=" + source.string() + (optional ? "?" : "");
}

}  // namespace grange
