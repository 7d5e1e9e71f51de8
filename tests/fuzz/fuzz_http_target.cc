#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "http/http_route.h"
#include "http/http_server_target.h"

/// What a request asks for: refused, or a path that leads nowhere else, which routes take apart
/// without losing any of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RequestTarget target;
  try {
    target = RequestTarget::parse(text);
  } catch (const InvalidError&) {
    return 0;
  }
  if (target.path.size() > text.size() + 1 || target.path.find('\0') != std::string::npos) {
    std::abort();
  }
  if (target.path == "*") return 0;
  for (const std::string_view segment : split(target.path, '/')) {
    if (segment == ".." || segment == ".") std::abort();
  }
  const auto all = PathPattern::parse("/{all*}").match(target.path);
  if (!all || "/" + all->front().second != target.path) std::abort();
  PathPattern::parse("/{a}/b-{c}.d").match(target.path);
  try {
    PathPattern::parse(text);
  } catch (const InvalidError&) {
  }
  return 0;
}
