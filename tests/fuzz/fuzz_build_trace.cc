#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/signature.h"
#include "derivation/build_trace.h"

/// What is read must print to a text that reads back to the same text; its signatures are looked
/// at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const BuildTraceKey key{StorePath::parse("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-bar.drv"), "foo"};
  try {
    const auto entry =
        BuildTraceEntry::parse(key, std::string_view(reinterpret_cast<const char*>(data), size));
    const auto text = entry.to_json();
    if (BuildTraceEntry::parse(key, text).to_json() != text) std::abort();
    TrustedKeys keys;
    keys.add(PublicKey::parse("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    keys.accepts(entry.fingerprint(), entry.signatures);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  return 0;
}
