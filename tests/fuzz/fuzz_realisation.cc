#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/signature.h"
#include "derivation/realisation.h"

/// What is read must print to a text that reads back to the same realisation; its signatures are
/// looked at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  try {
    const auto realisation = Realisation::parse({reinterpret_cast<const char*>(data), size});
    if (Realisation::parse(realisation.to_json()) != realisation) std::abort();
    TrustedKeys keys;
    keys.add(PublicKey::parse("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    keys.accepts(realisation.fingerprint(), realisation.signatures);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  return 0;
}
