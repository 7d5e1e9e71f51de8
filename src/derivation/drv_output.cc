#include "derivation/drv_output.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "derivation/store_path.h"

namespace grange {

DrvOutput DrvOutput::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  const auto mark = text.find('!');
  const auto digits = text.substr(0, mark);
  if (mark == std::string_view::npos || !digits.starts_with(kPrefix)) {
    throw InvalidError("'" + std::string(text) + "' is not of the form sha256:HEX!OUTPUT");
  }
  const auto bytes = base16_decode(digits.substr(kPrefix.size()));
  const auto output = text.substr(mark + 1);
  if (!bytes || bytes->size() != sizeof(Sha256) || !is_store_path_name(output)) {
    throw InvalidError("'" + std::string(text) + "' is not of the form sha256:HEX!OUTPUT");
  }
  DrvOutput id{{}, std::string(output)};
  std::copy(bytes->begin(), bytes->end(), id.hash.begin());
  return id;
}

std::string DrvOutput::to_string() const {
  return "sha256:" + base16_encode(hash) + "!" + output;
}

}  // namespace grange
