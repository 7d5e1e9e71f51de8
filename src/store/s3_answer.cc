#include "store/s3_answer.h"

#include <algorithm>

#include "base/error.h"
#include "base/xml_leaves.h"
#include "http/url.h"

namespace grange {
namespace {

std::string decoded_key(std::string text, bool encoded) {
  if (!encoded) return text;
  std::replace(text.begin(), text.end(), '+', ' ');
  auto key = percent_decode(text);
  if (!key) throw CorruptError("a key of the listing is not encoded as it says");
  return std::move(*key);
}

std::string xml_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

S3Listing parse_s3_listing(std::string_view xml) {
  const auto leaves = read_xml_leaves(xml);
  bool encoded = false;
  bool truncated = false;
  bool is_listing = false;
  S3Listing listing;
  for (const auto& leaf : leaves) {
    if (leaf.path == "ListBucketResult/EncodingType") encoded = leaf.text == "url";
    if (leaf.path == "ListBucketResult/IsTruncated") truncated = leaf.text == "true";
    if (leaf.path == "ListBucketResult/NextContinuationToken") listing.after = leaf.text;
    is_listing = is_listing || leaf.path.starts_with("ListBucketResult");
  }
  if (!is_listing) throw CorruptError("the answer is no listing of a bucket");
  for (const auto& leaf : leaves) {
    if (leaf.path != "ListBucketResult/Contents/Key") continue;
    listing.keys.push_back(decoded_key(leaf.text, encoded));
  }
  if (truncated && (!listing.after || listing.after->empty())) {
    throw CorruptError("the listing of the bucket does not say how to go on");
  }
  if (!truncated) listing.after.reset();
  return listing;
}

std::string parse_s3_upload_id(std::string_view xml) {
  for (auto& leaf : read_xml_leaves(xml)) {
    if (leaf.path == "InitiateMultipartUploadResult/UploadId" && !leaf.text.empty()) {
      return std::move(leaf.text);
    }
  }
  throw CorruptError("the answer names no upload");
}

std::optional<S3Problem> parse_s3_problem(std::string_view xml) {
  if (xml.find('<') == xml.npos) return std::nullopt;
  S3Problem problem;
  try {
    for (auto& leaf : read_xml_leaves(xml)) {
      if (leaf.path == "Error/Code") problem.code = std::move(leaf.text);
      if (leaf.path == "Error/Message") problem.message = std::move(leaf.text);
    }
  } catch (const CorruptError&) {  // a page for people, of some server in between
    return std::nullopt;
  }
  if (problem.code.empty()) return std::nullopt;
  return problem;
}

std::string print_s3_parts(const std::vector<std::string>& etags) {
  std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    xml += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" +
           xml_escaped(etags[i]) + "</ETag></Part>";
  }
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace grange
