#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "farm/settings_check.h"
#include "serve/farm_file.h"

/// grange.toml. What is taken of it can be written down as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  try {
    const auto file =
        parse_farm_file({reinterpret_cast<const char*>(data), size}, "/e/grange.toml");
    for (const auto& project : file.projects) {
      if (!check_settings(project.settings).empty()) std::abort();
      for (const auto& jobset : project.jobsets) {
        if (!check_settings(jobset).empty()) std::abort();
      }
    }
    for (const auto& webhook : file.webhooks) {
      if (!webhook.file.is_absolute()) std::abort();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  return 0;
}
