#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "wire/worker_frames.h"
#include "wire/worker_handshake.h"
#include "wire/worker_request.h"

namespace {

using namespace grange;

/// Reads the reply of the alternative that `choice` names.
template <std::size_t Index = 0>
void read_reply(WireReader& in, std::size_t choice) {
  if constexpr (Index < std::variant_size_v<WorkerRequest>) {
    if (choice != Index) return read_reply<Index + 1>(in, choice);
    in.get<typename std::variant_alternative_t<Index, WorkerRequest>::Reply>();
  }
}

}  // namespace

/// A byte for the minor, a byte for the operation, and what a server sends: its greeting where the
/// operation is 255, otherwise frames until LAST and then the reply.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  WireDialect dialect{StoreDir::nix(), {1, 16U + data[0] % 23U}};
  if (data[0] >= 128) dialect.features.emplace(kFeatureRealisationWithPath);
  StringSource source({reinterpret_cast<const char*>(data) + 2, size - 2});
  try {
    if (data[1] == 255) {
      NullSink nowhere;
      BufferedSink out(nowhere);
      greet_worker_server(source, out, dialect.store, {dialect.version, dialect.features});
      return 0;
    }
    WireReader in(source, dialect);
    while (!std::holds_alternative<LastFrame>(read_worker_frame(in))) {
    }
    read_reply(in, data[1] % std::variant_size_v<WorkerRequest>);
  } catch (const CorruptError&) {
  } catch (const UnavailableError&) {
  }
  return 0;
}
