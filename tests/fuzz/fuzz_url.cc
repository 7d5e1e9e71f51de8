#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "http/url.h"

/// A URL, and behind the first line feed a reference to resolve against it. What is read prints as
/// something that reads as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  const auto check = [](const Url& url) {
    if (!(Url::parse(url.to_string()) == url)) std::abort();
    if (url.query_text() && !(url.with_query(url.query()).query() == url.query())) std::abort();
  };
  try {
    const auto url = Url::parse(input.substr(0, end));
    check(url);
    if (end != std::string_view::npos) check(url.resolve(input.substr(end + 1)));
  } catch (const InvalidError&) {
  }
  return 0;
}
