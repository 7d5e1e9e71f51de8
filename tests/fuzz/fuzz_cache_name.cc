#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "daemon/cache_name.h"
#include "daemon/cache_nar_name.h"
#include "daemon/cache_tokens.h"
#include "store/storage.h"

/// What a request to a cache names: nothing leads out of a directory, and what a NAR's name says
/// is its name again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  UploadTokens::parse("token").accept(text);
  if (const auto made = MadeNarName::try_parse(text); made && made->to_string() != text) {
    std::abort();
  }
  if (FileNarName::try_parse(text) && !is_storage_key(text)) std::abort();
  try {
    const auto name = CacheName::parse(text);
    if (!name || name->kind == CacheName::Kind::index) return 0;
    if (!is_storage_key(name->key) && name->kind != CacheName::Kind::log) std::abort();
    for (const auto part : split(name->key, '/')) {
      if (part.empty() || part.starts_with('.')) std::abort();
    }
  } catch (const InvalidError&) {
  }
  return 0;
}
