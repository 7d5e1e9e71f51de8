#include "store/s3_answer.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(S3Answer, ReadsListings) {
  const auto page = parse_s3_listing(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken>"
      "<EncodingType>url</EncodingType><Contents><Key>a%2Bb.narinfo</Key></Contents>"
      "<CommonPrefixes><Prefix>nar/</Prefix></CommonPrefixes></ListBucketResult>");
  EXPECT_EQ(page.keys, std::vector<std::string>{"a+b.narinfo"});
  EXPECT_EQ(page.after, "t/1=");
  const auto last = parse_s3_listing(
      "<ListBucketResult><IsTruncated>false</IsTruncated>"
      "<Contents><Key>a%2B</Key></Contents></ListBucketResult>");
  EXPECT_EQ(last.keys, std::vector<std::string>{"a%2B"});
  EXPECT_FALSE(last.after);
  EXPECT_THROW(parse_s3_listing("<Error><Code>X</Code></Error>"), CorruptError);
  EXPECT_THROW(parse_s3_listing("<ListBucketResult><IsTruncated>true</IsTruncated>"
                                "</ListBucketResult>"),
               CorruptError);
}

TEST(S3Answer, ReadsUploadsAndProblems) {
  EXPECT_EQ(parse_s3_upload_id("<InitiateMultipartUploadResult><UploadId>u1</UploadId>"
                               "</InitiateMultipartUploadResult>"),
            "u1");
  EXPECT_THROW(parse_s3_upload_id("<a/>"), CorruptError);
  const auto problem =
      parse_s3_problem("<Error><Code>NoSuchKey</Code><Message>m</Message></Error>");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code, "NoSuchKey");
  EXPECT_FALSE(parse_s3_problem("<html><br>"));
  EXPECT_FALSE(parse_s3_problem(""));
  EXPECT_EQ(print_s3_parts({"\"a\""}),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>"
            "<PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part></CompleteMultipartUpload>");
}

}  // namespace
}  // namespace grange
