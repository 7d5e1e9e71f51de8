#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// What S3 answers in XML (Amazon S3 API reference). Pure; all throw CorruptError for anything
/// else.

/// One page of ListObjectsV2, asked for with encoding-type=url.
struct S3Listing {
  std::vector<std::string> keys;     ///< decoded
  std::optional<std::string> after;  ///< what asks for the next page; nothing: this is the last
};
S3Listing parse_s3_listing(std::string_view xml);

/// The id of an upload in parts that CreateMultipartUpload began.
std::string parse_s3_upload_id(std::string_view xml);

/// Why a request failed; nothing where this is no such answer. A success may carry one, too.
struct S3Problem {
  std::string code;     ///< "NoSuchKey", "SignatureDoesNotMatch", …
  std::string message;  ///< for people
};
std::optional<S3Problem> parse_s3_problem(std::string_view xml);

/// The body of CompleteMultipartUpload, for parts numbered from 1.
std::string print_s3_parts(const std::vector<std::string>& etags);

}  // namespace grange
