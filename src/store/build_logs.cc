#include "store/build_logs.h"

#include <algorithm>

#include "base/compression.h"
#include "base/error.h"
#include "base/fault.h"

namespace grange {
namespace {

/// bzip2 of nothing: the most frequent log, at no cost.
constexpr std::string_view kEmptyLog{"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", 14};
constexpr std::size_t kBlock = 100'000;

std::filesystem::path log_file(const StoreLocation& location, const StorePath& derivation) {
  const std::string& name = derivation.base_name();
  return location.logs / "drvs" / name.substr(0, 2) / name.substr(2);
}

}  // namespace

void write_build_log(const StoreLocation& location, const StorePath& derivation,
                     std::string_view log) {
  const std::filesystem::path file = log_file(location, derivation).string() + ".bz2";
  // A level is a block size in units of 100 kB, all of which the compressor allocates: no more than
  // the log needs.
  const int level = static_cast<int>(std::clamp<std::size_t>(log.size() / kBlock + 1, 1, 9));
  const std::string packed =
      log.empty() ? std::string(kEmptyLog) : compress(Compression::bzip2, log, level);
  grange::create_directories(file.parent_path());
  fault_point("store.log.before-write");
  write_file(file, packed);
}

std::optional<std::string> read_build_log(const StoreLocation& location,
                                          const StorePath& derivation) {
  const std::filesystem::path nested = log_file(location, derivation);
  const std::filesystem::path flat = location.logs / "drvs" / derivation.base_name();
  for (const auto& plain : {nested, flat}) {
    if (auto text = try_read_file(plain)) return text;
    const std::filesystem::path packed = plain.string() + ".bz2";
    if (const auto bytes = try_read_file(packed)) {
      return with_context([&] { return "while reading log '" + packed.string() + "'"; },
                          [&] { return decompress(Compression::bzip2, *bytes); });
    }
  }
  return std::nullopt;
}

}  // namespace grange
