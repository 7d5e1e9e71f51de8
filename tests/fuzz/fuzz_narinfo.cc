#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "archive/narinfo.h"
#include "base/error.h"
#include "base/signature.h"

/// What is read must print to a text that reads back to the same text; its signatures are looked
/// at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const auto store = StoreDir::nix();
  try {
    const auto narinfo =
        parse_narinfo(store, std::string_view(reinterpret_cast<const char*>(data), size));
    const auto text = print_narinfo(store, narinfo);
    if (print_narinfo(store, parse_narinfo(store, text)) != text) std::abort();
    TrustedKeys keys;
    keys.add(PublicKey::parse("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    keys.accepts(path_fingerprint(store, narinfo.info),
                 {narinfo.info.signatures.begin(), narinfo.info.signatures.end()});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) std::abort();
  }
  return 0;
}
