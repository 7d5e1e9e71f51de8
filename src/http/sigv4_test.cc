#include "http/sigv4.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

// The keys and requests of the examples that the Amazon S3 API reference publishes in
// "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
// Parameters".
const AwsKeys kDocumentedKeys{
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", {}};
const SigV4Scope kDocumentedScope{"us-east-1", "s3"};
constexpr TimePoint kDocumentedTime{std::chrono::seconds{1369353600}};  // 2013-05-24T00:00:00Z

std::string authorization_of(const SigV4Request& request, const AwsKeys& keys,
                             const SigV4Scope& scope, TimePoint time) {
  return std::string(sign_v4(request, keys, scope, time).get("authorization").value());
}

SigV4Request documented(std::string method, std::string_view rest, HttpHeaders headers,
                        std::string_view body) {
  return {std::move(method),
          Url::parse("https://examplebucket.s3.amazonaws.com" + std::string(rest)),
          std::move(headers), payload_hash(body)};
}

TEST(SigV4Test, SignsTheDocumentedGet) {
  const auto request = documented("GET", "/test.txt", {{"Range", "bytes=0-9"}}, "");
  EXPECT_EQ(authorization_of(request, kDocumentedKeys, kDocumentedScope, kDocumentedTime),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4Test, SignsTheDocumentedPut) {
  const auto request = documented(
      "PUT", "/test%24file.text",
      {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
      "Welcome to Amazon S3.");
  const auto got = authorization_of(request, kDocumentedKeys, kDocumentedScope, kDocumentedTime);
  EXPECT_TRUE(got.ends_with("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
      << got;
}

TEST(SigV4Test, SignsTheDocumentedQueryWithoutAValue) {
  const auto got = authorization_of(documented("GET", "/?lifecycle", {}, ""), kDocumentedKeys,
                                    kDocumentedScope, kDocumentedTime);
  EXPECT_TRUE(got.ends_with("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
      << got;
}

TEST(SigV4Test, SignsTheDocumentedListInAnyOrderOfItsQuery) {
  for (const auto* rest : {"/?max-keys=2&prefix=J", "/?prefix=J&max-keys=2"}) {
    const auto got = authorization_of(documented("GET", rest, {}, ""), kDocumentedKeys,
                                      kDocumentedScope, kDocumentedTime);
    EXPECT_TRUE(got.ends_with("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
        << got;
  }
}

TEST(SigV4Test, PresignsTheDocumentedUrl) {
  auto request = documented("GET", "/test.txt", {}, "");
  request.payload = kUnsignedPayload;
  EXPECT_EQ(presign_v4(request, kDocumentedKeys, kDocumentedScope, kDocumentedTime,
                       std::chrono::hours(24))
                .to_string(),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4Test, RefusesAPresignedUrlThatLastsTooLong) {
  const auto request = documented("GET", "/test.txt", {}, "");
  EXPECT_THROW(presign_v4(request, kDocumentedKeys, kDocumentedScope, kDocumentedTime,
                          std::chrono::hours(24 * 7 + 1)),
               InvalidError);
}

// From the AWS General Reference: "get-vanilla" of its test suite, and its ListUsers example.
TEST(SigV4Test, SignsForOtherServices) {
  const AwsKeys keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", {}};
  constexpr TimePoint kTime{std::chrono::seconds{1440938160}};  // 2015-08-30T12:36:00Z
  const SigV4Request vanilla{
      "GET", Url::parse("https://example.amazonaws.com/"), {}, payload_hash("")};
  EXPECT_EQ(authorization_of(vanilla, keys, {"us-east-1", "service"}, kTime),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  const SigV4Request users{
      "GET",
      Url::parse("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"),
      {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
      payload_hash("")};
  const AwsKeys plus{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", {}};
  const auto got = authorization_of(users, plus, {"us-east-1", "iam"}, kTime);
  EXPECT_TRUE(got.ends_with("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"))
      << got;
}

TEST(SigV4Test, SignsATokenAndWhatRepeats) {
  const AwsKeys keys{"A", "B", "TOKEN", {}};
  const auto request =
      documented("GET", "/a", {{"X-Amz-Meta-A", "1  2"}, {"x-amz-meta-a", "3"}}, "");
  const auto headers = sign_v4(request, keys, kDocumentedScope, kDocumentedTime);
  EXPECT_EQ(headers.get("X-Amz-Security-Token"), "TOKEN");
  const auto authorization = std::string(headers.get("Authorization").value());
  EXPECT_NE(authorization.find("x-amz-meta-a;x-amz-security-token"), std::string::npos);
  EXPECT_NE(detail::canonical_request(request, kDocumentedScope).find("x-amz-meta-a:1 2,3\n"),
            std::string::npos);
}

TEST(SigV4Test, SignsWhatThePathMeans) {
  const auto path_of = [](std::string_view rest, const SigV4Scope& scope) {
    const auto text = detail::canonical_request(documented("GET", rest, {}, ""), scope);
    const auto begin = text.find('\n') + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(path_of("", kDocumentedScope), "/");
  EXPECT_EQ(path_of("/a+b=c%2bd%20e", kDocumentedScope), "/a%2Bb%3Dc%2Bd%20e");
  EXPECT_EQ(path_of("/a//../b/", kDocumentedScope), "/a//../b/");
  EXPECT_EQ(path_of("/a//../b%20c/", {"us-east-1", "other"}), "/b%2520c/");
}

}  // namespace
}  // namespace grange
