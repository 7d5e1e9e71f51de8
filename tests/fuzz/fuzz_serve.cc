#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "wire/path_streams.h"
#include "wire/serve_operation.h"

/// A byte for the minor, a byte for the side, and what the other side sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  if (size < 2) return 0;
  const WireDialect dialect{StoreDir::nix(), {2, 1U + data[0] % 8U}};
  StringSource source({reinterpret_cast<const char*>(data) + 2, size - 2});
  WireReader in(source, dialect);
  NullSink nowhere;
  WireWriter out(nowhere, dialect);
  try {
    switch (data[1] % 5) {
      case 0:
        write_serve_request(out, read_serve_request(in));
        break;
      case 1:
        out.put(in.get<ServePathInfos>());
        break;
      case 2:
        out.put(in.get<WireBuildResult>());
        break;
      case 3:
        out.put(in.get<ServeBuildReply>());
        break;
      default:
        read_export(source, dialect.store, dialect.limits,
                    [](const NarCopier&) { return [](const ExportedPath&) {}; });
    }
  } catch (const CorruptError&) {
  }
  return 0;
}
