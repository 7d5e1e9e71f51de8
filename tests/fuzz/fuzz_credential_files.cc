#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "http/aws_instance_metadata.h"
#include "http/aws_shared_files.h"
#include "http/netrc.h"

namespace {

template <typename Action>
void refuse_politely(Action&& action) {
  try {
    action();
  } catch (const grange::InvalidError&) {
  } catch (const grange::CorruptError&) {
  }
}

}  // namespace

/// Any text as each of the files, and the answer, that hold keys and passwords.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {AwsSharedFile::Kind::credentials, AwsSharedFile::Kind::config}) {
    refuse_politely([&] {
      const auto file = AwsSharedFile::parse(input, kind);
      for (const auto& profile : file.profiles()) {
        if (file.find(profile.first) != &profile.second) std::abort();
        refuse_politely([&] { keys_of(profile.second); });
      }
    });
  }
  refuse_politely([&] {
    const auto netrc = Netrc::parse(input);
    for (const auto& entry : netrc.entries()) {
      if (netrc.find(entry.machine) == nullptr) std::abort();
    }
  });
  refuse_politely([&] { parse_instance_keys(input); });
  return 0;
}
