#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "wire/worker_request.h"

/// A byte for the minor, a byte for features, and a request. What is read is written as something
/// that reads and writes the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  if (size < 2) return 0;
  WireDialect dialect{StoreDir::nix(), {1, 16U + data[0] % 23U}};
  if ((data[1] & 1) != 0) {
    for (const auto feature : {kFeatureRealisationWithPath, kFeatureDeadReferrers,
                               kFeatureAddScanning, kFeatureSubmitOutput}) {
      dialect.features.emplace(feature);
    }
  }
  StringSource source({reinterpret_cast<const char*>(data) + 2, size - 2});
  WireReader in(source, dialect);
  const auto print = [&](const WorkerRequest& request) {
    StringSink sink;
    WireWriter out(sink, dialect);
    write_worker_request(out, request);
    return sink.take();
  };
  std::string first;
  try {
    first = print(read_worker_request(in));
  } catch (const CorruptError&) {
    return 0;
  }
  StringSource again(first);
  WireReader in_again(again, dialect);
  if (print(read_worker_request(in_again)) != first) std::abort();
  return 0;
}
