#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "serve/hydra_settings.h"
#include "serve/json_body.h"
#include "serve/push_signature.h"

/// What Hydra's clients put, and how forges write repositories. Nothing is taken that the
/// tables cannot hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto key = repository_key(text); key && key->empty()) std::abort();
  try {
    const auto body = parse_json_body(text, {.size = 65'536, .depth = 16});
    try {
      parse_hydra_project(body, "name");
    } catch (const InvalidFieldsError&) {
    }
    const auto jobset = parse_hydra_jobset(body, "name", std::nullopt);
    const auto state = static_cast<int>(jobset.state);
    if (state < 0 || state > 3 || jobset.shares < 1 || jobset.keep < 0) std::abort();
    if (jobset.check_interval < 0) std::abort();
    if (!jobset.flake.empty() && !(jobset.inputs.empty() && jobset.expression_path.empty())) {
      std::abort();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  return 0;
}
