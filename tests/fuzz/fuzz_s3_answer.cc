#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/xml_leaves.h"
#include "store/s3_answer.h"

/// Answers of a bucket: what is no such document is refused with CorruptError.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    grange::parse_s3_listing(text);
  } catch (const grange::CorruptError&) {
  }
  try {
    grange::parse_s3_upload_id(text);
  } catch (const grange::CorruptError&) {
  }
  grange::parse_s3_problem(text);
  return 0;
}
